"""No room becomes public later (A_28271); insured persons have no public rooms at all (A_26015-02)."""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.room_state import JOIN_RULES, PUBLIC, StateFacts

REQUIREMENT = "A_28271"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        at_creation: whether a room may be created public.
    """

    at_creation: Annotated[bool, Stricter.FALSE]


def decide(facts: StateFacts, parameters: Parameters) -> Decision:
    """Deny(PUBLIC_LATER) for join rule `public`, unless the room is public, or is being created without federation."""
    if not facts.is_setting(JOIN_RULES) or facts.event.content.get("join_rule") != PUBLIC:
        return Allow()
    room = facts.room
    is_unchanged = room.is_public and not room.is_new
    if parameters.at_creation and not room.is_federated and (room.is_new or is_unchanged):
        return Allow()
    return Deny(REQUIREMENT, Reason.PUBLIC_LATER)
