"""Guests, who have no account, enter no room (A_25323-01)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.room_state import GUEST_ACCESS, StateFacts

REQUIREMENT = "A_25323-01"

_FORBIDDEN = "forbidden"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: StateFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(GUESTS) unless guests are kept out.

    A room that replaces an older one takes that one's setting over, in one go with everything else; nobody can be a
    guest there, since the homeserver registers none.
    """
    if not facts.is_setting(GUEST_ACCESS) or facts.room.is_new:
        return Allow()
    if facts.event.content.get("guest_access") == _FORBIDDEN:
        return Allow()
    return Deny(REQUIREMENT, Reason.GUESTS)
