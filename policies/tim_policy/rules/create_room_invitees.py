"""createRoom invites one person at most (A_25368-01)."""

from typing import Annotated

from pydantic import NonNegativeInt

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter

REQUIREMENT = "A_25368-01"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        max_invitees: different people in `invite`.
    """

    max_invitees: Annotated[NonNegativeInt, Stricter.LOWER]


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:
    """Deny(TOO_MANY_INVITEES) for more than `max_invitees`."""
    if len(facts.request.invitees) > parameters.max_invitees:
        return Deny(REQUIREMENT, Reason.TOO_MANY_INVITEES)
    return Allow()
