"""Only public rooms of the own server stand in its room directory; an insurer's has none (A_26515-01, A_26015-02)."""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.room_access import ListingFacts
from tim_policy.room_state import PUBLIC

REQUIREMENT = "A_26515-01"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        public_rooms: whether there is a room directory at all.
    """

    public_rooms: Annotated[bool, Stricter.FALSE]


def decide(facts: ListingFacts, parameters: Parameters) -> Decision:
    """Judge a listing; taking a room off the list is always allowed.

    Returns:
        Deny(PUBLIC_ROOM) where no room is listed.
        Deny(NOT_A_PUBLIC_ROOM) for a room that needs an invite, may federate, or belongs to another server. A room
        that is being created has no join rule yet; what it becomes was judged before.
    """
    room = facts.room
    if facts.visibility != PUBLIC:
        return Allow()
    if not parameters.public_rooms:
        return Deny(REQUIREMENT, Reason.PUBLIC_ROOM)
    if room.is_own and (room.is_new or (room.is_public and not room.is_federated)):
        return Allow()
    return Deny(REQUIREMENT, Reason.NOT_A_PUBLIC_ROOM)
