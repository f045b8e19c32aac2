"""1.1: a direct chat stays between two; 1.2 leaves it to the third person."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import invite
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteRoomFacts
from tim_policy.profile import ProfileName
from tim_policy.rules.invite_direct_room import REQUIREMENT, decide

FULL = Deny(REQUIREMENT, Reason.DIRECT_ROOM_FULL)


@pytest.mark.requirement("TI-M_11X_0707")
@pytest.mark.parametrize("name", [ProfileName.PRO_1_1, ProfileName.EPA_1_1])
@pytest.mark.parametrize(
    ("room", "expected"),
    [
        pytest.param(None, Allow(), id="new room"),
        pytest.param(InviteRoomFacts(1, is_direct=True), Allow(), id="the other one left, or comes first"),
        pytest.param(InviteRoomFacts(2, is_direct=True), FULL, id="two people, direct"),
        pytest.param(InviteRoomFacts(2, is_direct=False), Allow(), id="two people, ordinary room"),
        pytest.param(InviteRoomFacts(3, is_direct=True), Allow(), id="a group that was direct once"),
    ],
)
def test_a_direct_chat_of_two_is_full(name: ProfileName, room: InviteRoomFacts | None, expected: Decision) -> None:
    facts = invite("praxis.tim.test", "pflege.tim.test", room=room)
    assert decide(facts, in_force(PROFILES[name].rules.invite_direct_room)) == expected


@pytest.mark.parametrize("name", [ProfileName.PRO_1_2, ProfileName.EPA_1_2])
def test_1_2_knows_no_such_rule(name: ProfileName) -> None:
    assert PROFILES[name].rules.invite_direct_room is None
