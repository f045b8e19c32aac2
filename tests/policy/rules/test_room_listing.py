"""The room directory: public rooms of the own server, and none of insured persons."""

from dataclasses import replace

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, EPA, NEW_ROOM, PRO, PUBLIC_ROOM, ROOM
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.profile import RuleSet
from tim_policy.registry import LISTING_RULES, judge
from tim_policy.room_access import ListingFacts
from tim_policy.room_state import RoomFacts
from tim_policy.rules.room_listing import decide


@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("rules", EPA)
@pytest.mark.parametrize("room", [ROOM, NEW_ROOM, PUBLIC_ROOM])
def test_rooms_of_insured_persons_are_not_listed(rules: RuleSet, room: RoomFacts) -> None:
    expected = Deny("A_26515-01", Reason.PUBLIC_ROOM, Refusal(403, "M_FORBIDDEN"))
    assert judge(LISTING_RULES, rules, ListingFacts("public", room)) == expected


@pytest.mark.requirement("A_26515-01")
@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize(
    "room",
    [
        ROOM,
        replace(PUBLIC_ROOM, is_federated=True),
        replace(PUBLIC_ROOM, is_own=False),
        replace(PUBLIC_ROOM, join_rule="knock"),
        replace(PUBLIC_ROOM, join_rule=None),
        replace(NEW_ROOM, is_own=False),
    ],
)
def test_only_public_rooms_of_the_own_server_are_listed(rules: RuleSet, room: RoomFacts) -> None:
    expected = Deny("A_26515-01", Reason.NOT_A_PUBLIC_ROOM, Refusal(400, "M_INVALID_ROOM_STATE"))
    assert judge(LISTING_RULES, rules, ListingFacts("public", room)) == expected


@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize("room", [PUBLIC_ROOM, NEW_ROOM])
def test_public_rooms_and_rooms_in_creation_are_listed(rules: RuleSet, room: RoomFacts) -> None:
    assert decide(ListingFacts("public", room), in_force(rules.room_listing)) == Allow()


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("room", [ROOM, PUBLIC_ROOM])
def test_every_room_may_be_taken_off(rules: RuleSet, room: RoomFacts) -> None:
    assert decide(ListingFacts("private", room), in_force(rules.room_listing)) == Allow()
