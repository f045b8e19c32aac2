"""createRoom: a room that stays on its server, every public one, invites nobody from elsewhere (A_26515-01)."""

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "A_26515-01"


class Parameters(_Parameters):
    """Nothing to set but the refusal. Out of force, public rooms may federate."""


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(ROOM_STAYS_ON_ITS_SERVER) when the room is not federated and an invitee belongs to another server."""
    own_server = facts.request.creator.server_name
    if facts.plan.room.is_federated or all(user.server_name == own_server for user in facts.request.invitees):
        return Allow()
    return Deny(REQUIREMENT, Reason.ROOM_STAYS_ON_ITS_SERVER)
