"""1.1: nobody is invited into the direct chat of two others (gematik's test cases TI-M_11X 707, 708, 908, 909).

Not in 1.2, where the third person's permission configuration decides alone.
"""

from typing import Annotated

from pydantic import Field

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteFacts
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "TI-M_11X_0707"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        people: a direct chat of this many people is full; one with more is a group already.
    """

    people: Annotated[int, Field(ge=2)]


def decide(facts: InviteFacts, parameters: Parameters) -> Decision:
    """The room is no direct chat that is full.

    Returns:
        Deny(DIRECT_ROOM_FULL).
    """
    if facts.room is not None and facts.room.is_direct and facts.room.people == parameters.people:
        return Deny(REQUIREMENT, Reason.DIRECT_ROOM_FULL)
    return Allow()
