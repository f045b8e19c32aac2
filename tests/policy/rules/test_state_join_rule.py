"""Which join rules private rooms have."""

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import EPA, NEW_ROOM, PRO, ROOM, state
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.room_state import RoomFacts
from tim_policy.rules.state_join_rule import decide

WITHOUT_INVITE = ["knock", "restricted", "knock_restricted"]


@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("rules", EPA)
@pytest.mark.parametrize("join_rule", [*WITHOUT_INVITE, "private", "Public", ""])
@pytest.mark.parametrize("room", [ROOM, NEW_ROOM])
def test_insured_persons_invite(rules: RuleSet, join_rule: str, room: RoomFacts) -> None:
    facts = state("m.room.join_rules", {"join_rule": join_rule}, room)
    assert decide(facts, in_force(rules.state_join_rule)) == Deny("A_25323-01", Reason.JOIN_RULE)
    assert decide(state("m.room.join_rules", {"join_rule": "invite"}), in_force(rules.state_join_rule)) == Allow()


@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize("join_rule", ["invite", *WITHOUT_INVITE])
def test_professionals_may_be_asked(rules: RuleSet, join_rule: str) -> None:
    assert decide(state("m.room.join_rules", {"join_rule": join_rule}), in_force(rules.state_join_rule)) == Allow()


@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize("join_rule", ["private", "PUBLIC", "public ", "", "org.example.open"])
def test_what_nobody_knows_is_refused(rules: RuleSet, join_rule: str) -> None:
    facts = state("m.room.join_rules", {"join_rule": join_rule})
    assert decide(facts, in_force(rules.state_join_rule)) == Deny("A_25323-01", Reason.JOIN_RULE)


def test_only_the_rooms_own_join_rule_counts() -> None:
    parameters = in_force(EPA[0].state_join_rule)
    assert decide(state("m.room.join_rules", {"join_rule": "knock"}, state_key="x"), parameters) == Allow()
