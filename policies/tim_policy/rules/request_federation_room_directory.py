"""Other homeservers get no room directory (A_26520, by POST A_28590)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_26520"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Nobody gets it, signed or not.

    Returns:
        Deny(NOT_OFFERED).
    """
    if facts.endpoint is Endpoint.FEDERATION_ROOM_DIRECTORY:
        return Deny(REQUIREMENT, Reason.NOT_OFFERED)
    return Allow()
