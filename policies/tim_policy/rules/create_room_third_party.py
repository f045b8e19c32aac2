"""createRoom: nobody is invited by e-mail address or telephone number: such an invite cannot be judged (A_25534)."""

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "A_25534"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(THIRD_PARTY_INVITE) when `invite_3pid` is not empty."""
    if facts.request.has_third_party_invites:
        return Deny(REQUIREMENT, Reason.THIRD_PARTY_INVITE)
    return Allow()
