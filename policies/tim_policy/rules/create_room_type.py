"""A new room carries the TI-M room type; types that are only received are not created (A_28596, A_25814-01)."""

from typing import Annotated

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter

REQUIREMENT = "A_28596"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        default: type of a room whose creator names none.
        refused: types that nobody creates.
    """

    default: Annotated[str, Stricter.ANY]
    refused: Annotated[tuple[str, ...], Stricter.SUPERSET]


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:
    """Deny(ROOM_TYPE) for a refused type; other types, spaces among them, are the client's business."""
    if facts.plan.creation_content.get("type") in parameters.refused:
        return Deny(REQUIREMENT, Reason.ROOM_TYPE)
    return Allow()
