"""Who may remove members and set the server ACL."""

import pytest

from tim_policy.room_power import RoomPower, may_remove, may_send_state

DOCTOR, NURSE, ACL = "@doctor:praxis.tim.test", "@nurse:pflege.tim.test", "m.room.server_acl"


def power(levels: dict[str, object] | None, *, creator: str = NURSE, version: str = "10") -> RoomPower:
    return RoomPower(frozenset({creator}), version, levels)


@pytest.mark.parametrize(
    ("room", "may"),
    [
        (power({"users": {DOCTOR: 100, NURSE: 50}}), True),
        (power({"users": {DOCTOR: 100, NURSE: 100}}), False),
        (power({"users": {DOCTOR: 49}}), False),
        (power({"users": {DOCTOR: 50}}), True),
        (power({"users": {DOCTOR: 50}, "kick": 60}), False),
        (power({"users": {DOCTOR: "50"}, "kick": "50"}), True),
        (power({"users": {DOCTOR: 100}, "users_default": 100}), False),
        (power({"users": {DOCTOR: True}}), False),
        (power({"users": None}), False),
        (power({}, creator=DOCTOR, version="12"), True),
        (power({"users": {DOCTOR: 100}}, creator=NURSE, version="12"), False),
        (power(None, creator=DOCTOR), True),
        (power(None), False),
    ],
)
def test_removing_takes_the_level_and_more_than_the_member_has(room: RoomPower, may: bool) -> None:
    assert may_remove(room, DOCTOR, NURSE) is may


@pytest.mark.parametrize(
    ("room", "may"),
    [
        (power({"users": {DOCTOR: 100}, "events": {ACL: 100}}), True),
        (power({"users": {DOCTOR: 50}, "events": {ACL: 100}}), False),
        (power({"users": {DOCTOR: 50}}), True),
        (power({"users": {DOCTOR: 50}, "state_default": 60}), False),
        (power({"events": {ACL: 0}}), True),
        (power({}, creator=DOCTOR, version="12"), True),
        (power(None), True),
    ],
)
def test_an_acl_takes_the_level_of_its_event_type(room: RoomPower, may: bool) -> None:
    assert may_send_state(room, DOCTOR, ACL) is may
