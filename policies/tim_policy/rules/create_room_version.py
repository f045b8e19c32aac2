"""Rooms are created, and upgraded to, in the room versions of the specification only (A_26202, A_26203, A_26248)."""

from typing import Annotated

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter

REQUIREMENT = "A_26202"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        versions: that new rooms may have.
        default: of a room whose creator names none.
    """

    versions: Annotated[tuple[str, ...], Stricter.SUBSET]
    default: Annotated[str, Stricter.ANY]


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:
    """Deny(ROOM_VERSION) for every other version, unknown ones included."""
    if facts.plan.room_version in parameters.versions:
        return Allow()
    return Deny(REQUIREMENT, Reason.ROOM_VERSION)
