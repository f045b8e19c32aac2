"""A room is replaced by one of the own server (A_26203): clients follow without asking."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.room_state import TOMBSTONE, StateFacts

REQUIREMENT = "A_26203"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: StateFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(REPLACEMENT_ROOM) for a room id of another server; an upgrade always makes one of the own."""
    if not facts.is_setting(TOMBSTONE):
        return Allow()
    room_id = facts.event.content.get("replacement_room")
    if isinstance(room_id, str) and room_id.startswith("!") and room_id.partition(":")[2] == facts.own_server:
        return Allow()
    return Deny(REQUIREMENT, Reason.REPLACEMENT_ROOM)
