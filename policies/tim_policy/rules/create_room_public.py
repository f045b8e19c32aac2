"""Insured persons create no public rooms (A_26015-02): in force on an insurer's homeserver only."""

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "A_26015-02"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(PUBLIC_ROOM) when visibility, preset or join rule asks for a public room."""
    return Deny(REQUIREMENT, Reason.PUBLIC_ROOM) if facts.request.is_public else Allow()
