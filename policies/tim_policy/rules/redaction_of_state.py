"""What protects a room is not redacted: redaction would empty it, encryption first of all (A_25324-01)."""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.room_access import StateRedactionFacts

REQUIREMENT = "A_25324-01"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        protected_events: types of state that stay as they are.
    """

    protected_events: Annotated[tuple[str, ...], Stricter.SUPERSET]


def decide(facts: StateRedactionFacts, parameters: Parameters) -> Decision:
    """Deny(PROTECTED_STATE) when what is to be redacted is the room's current state of such a type."""
    if facts.event_type in parameters.protected_events:
        return Deny(REQUIREMENT, Reason.PROTECTED_STATE)
    return Allow()
