"""Which join rules a private room may have (A_25323-01, ADR 0013); `state_join_rule_public` judges public ones."""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.room_state import JOIN_RULES, PUBLIC, StateFacts

REQUIREMENT = "A_25323-01"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        allowed: join rules besides `public`.
    """

    allowed: Annotated[tuple[str, ...], Stricter.SUBSET]


def decide(facts: StateFacts, parameters: Parameters) -> Decision:
    """Deny(JOIN_RULE) for every other one, unknown ones included."""
    if not facts.is_setting(JOIN_RULES):
        return Allow()
    if facts.event.content.get("join_rule") in (PUBLIC, *parameters.allowed):
        return Allow()
    return Deny(REQUIREMENT, Reason.JOIN_RULE)
