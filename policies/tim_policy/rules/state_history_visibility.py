"""Who may read a room's past: members, not everybody (A_25481); a public room may open its own (A_25325-01)."""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.room_state import HISTORY_VISIBILITY, StateFacts

REQUIREMENT = "A_25481"

_EVERYBODY = "world_readable"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        default_private, default_public: of a room whose creator names none.
        members: visibilities that leave the past to members.
        world_readable: whether a public room that stays on its server may be read by everybody there.
    """

    default_private: Annotated[str, Stricter.ANY]
    default_public: Annotated[str, Stricter.ANY]
    members: Annotated[tuple[str, ...], Stricter.SUBSET]
    world_readable: Annotated[bool, Stricter.FALSE]


def decide(facts: StateFacts, parameters: Parameters) -> Decision:
    """Deny(HISTORY_FOR_EVERYBODY) for `world_readable` elsewhere, and for visibilities that nobody knows."""
    if not facts.is_setting(HISTORY_VISIBILITY):
        return Allow()
    visibility, room = facts.event.content.get("history_visibility"), facts.room
    if visibility in parameters.members:
        return Allow()
    # While a room is being created its join rule may not be known yet; what it becomes was judged before.
    is_public_here = not room.is_federated and (room.is_public or (room.is_new and room.join_rule is None))
    if visibility == _EVERYBODY and parameters.world_readable and is_public_here:
        return Allow()
    return Deny(REQUIREMENT, Reason.HISTORY_FOR_EVERYBODY)
