"""Rooms of other homeservers are joined by invite only: public rooms are for their own server (A_26515-01)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.room_access import JoinFacts

REQUIREMENT = "A_26515-01"

_INVITED = frozenset({"invite", "join"})  # who is in already changes her name or picture


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: JoinFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(NOT_INVITED) for a user of ours who is not invited to somebody else's room."""
    if facts.is_own_room or facts.membership in _INVITED:
        return Allow()
    return Deny(REQUIREMENT, Reason.NOT_INVITED)
