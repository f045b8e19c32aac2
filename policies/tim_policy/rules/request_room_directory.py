"""Insured persons query no room directory, not even without an access token (A_28587, A_26015-02)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_28587"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Nobody reads the directory, whatever the method.

    Returns:
        Deny(NOT_OFFERED).
    """
    if facts.endpoint is Endpoint.ROOM_DIRECTORY:
        return Deny(REQUIREMENT, Reason.NOT_OFFERED)
    return Allow()
