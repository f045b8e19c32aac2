"""State events are of the shape that the specification gives their type; others could not be judged (A_25641-01)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.event_shape import is_readable
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.room_state import StateFacts

REQUIREMENT = "A_25641-01"


class Parameters(_Parameters):
    """Nothing to set: what cannot be read is always 400 `M_BAD_JSON`."""


def decide(facts: StateFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(UNREADABLE_REQUEST) when a key has another type than specified; unknown event types pass."""
    return Allow() if is_readable(facts.event) else Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
