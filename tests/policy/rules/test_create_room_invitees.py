"""createRoom: one invitee at most."""

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, COLLEAGUE, NURSE, create
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.rules.create_room_invitees import decide


@pytest.mark.requirement("A_25368-01")
@pytest.mark.parametrize("rules", ALL)
def test_two_are_too_many(rules: RuleSet) -> None:
    facts = create({"invite": [COLLEAGUE, NURSE]}, rules)
    assert decide(facts, in_force(rules.create_room_invitees)) == Deny("A_25368-01", Reason.TOO_MANY_INVITEES)


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("invitees", [[], [NURSE], [NURSE, NURSE]])
def test_one_passes_however_often_she_is_named(rules: RuleSet, invitees: list[str]) -> None:
    facts = create({"invite": invitees}, rules)
    assert decide(facts, in_force(rules.create_room_invitees)) == Allow()
    assert facts.plan.body["invite"] == invitees[:1]
