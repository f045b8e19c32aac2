"""No room becomes public later, and none of insured persons is."""

from dataclasses import replace

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import EPA, NEW_PUBLIC_ROOM, NEW_ROOM, PRO, PUBLIC_ROOM, ROOM, state
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.profile import RuleSet
from tim_policy.registry import STATE_RULES, judge
from tim_policy.room_state import RoomFacts
from tim_policy.rules.state_join_rule_public import decide

PUBLIC = {"join_rule": "public"}
STAYS_PRIVATE = replace(ROOM, is_federated=False)


@pytest.mark.requirement("A_28271")
@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize(
    "room",
    [
        ROOM,
        STAYS_PRIVATE,
        replace(STAYS_PRIVATE, join_rule=None),
        replace(STAYS_PRIVATE, join_rule="knock"),
        replace(PUBLIC_ROOM, is_federated=True),  # somebody else made it so
        NEW_ROOM,
    ],
)
def test_a_private_room_stays_private(rules: RuleSet, room: RoomFacts) -> None:
    expected = Deny("A_28271", Reason.PUBLIC_LATER, Refusal(400, "M_INVALID_ROOM_STATE"))
    assert judge(STATE_RULES, rules, state("m.room.join_rules", PUBLIC, room)) == expected


@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize("room", [NEW_PUBLIC_ROOM, replace(NEW_PUBLIC_ROOM, join_rule="public"), PUBLIC_ROOM])
def test_a_room_is_created_public_and_stays_it(rules: RuleSet, room: RoomFacts) -> None:
    assert decide(state("m.room.join_rules", PUBLIC, room), in_force(rules.state_join_rule_public)) == Allow()


@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("rules", EPA)
@pytest.mark.parametrize("room", [ROOM, STAYS_PRIVATE, PUBLIC_ROOM, NEW_ROOM, NEW_PUBLIC_ROOM])
def test_insured_persons_have_no_public_room(rules: RuleSet, room: RoomFacts) -> None:
    expected = Deny("A_28271", Reason.PUBLIC_LATER, Refusal(403, "M_FORBIDDEN"))
    assert judge(STATE_RULES, rules, state("m.room.join_rules", PUBLIC, room)) == expected


@pytest.mark.parametrize("rules", [*PRO, *EPA])
def test_only_the_rooms_own_join_rule_counts(rules: RuleSet) -> None:
    parameters = in_force(rules.state_join_rule_public)
    assert decide(state("m.room.join_rules", {"join_rule": "invite"}), parameters) == Allow()
    assert decide(state("m.room.join_rules", PUBLIC, state_key="x"), parameters) == Allow()
    assert decide(state("org.example", PUBLIC), parameters) == Allow()
