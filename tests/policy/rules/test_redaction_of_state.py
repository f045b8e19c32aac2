"""What protects a room is not redacted."""

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.room_access import StateRedactionFacts
from tim_policy.rules.redaction_of_state import decide


@pytest.mark.requirement("A_25324-01")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize(
    "event_type", ["m.room.create", "m.room.encryption", "m.room.server_acl", "m.room.power_levels"]
)
def test_safeguards_stay(rules: RuleSet, event_type: str) -> None:
    decision = decide(StateRedactionFacts(event_type), in_force(rules.redaction_of_state))
    assert decision == Deny("A_25324-01", Reason.PROTECTED_STATE)


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("event_type", [None, "m.room.name", "m.room.member"])
def test_everything_else_may_go(rules: RuleSet, event_type: str | None) -> None:
    assert decide(StateRedactionFacts(event_type), in_force(rules.redaction_of_state)) == Allow()
