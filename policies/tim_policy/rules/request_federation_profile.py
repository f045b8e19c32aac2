"""Another homeserver learns the profile of an insured person with whom one of its users shares a room (A_26374)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_26374"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """The homeserver that asks, by its signature, is in a room with her; which of its users asks it does not say.

    Returns:
        Deny(NO_SHARED_ROOM).
    """
    if facts.endpoint is not Endpoint.FEDERATION_PROFILE or not facts.is_signed:
        return Allow()  # Synapse itself refuses what is not signed
    return Allow() if facts.shares_room else Deny(REQUIREMENT, Reason.NO_SHARED_ROOM)
