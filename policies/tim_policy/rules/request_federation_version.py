"""Which software runs here is told to homeservers of the federation only (A_26331)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_26331"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Who asks has signed the request.

    Returns:
        Deny(SIGNATURE_REQUIRED).
    """
    if facts.endpoint is Endpoint.FEDERATION_VERSION and not facts.is_signed:
        return Deny(REQUIREMENT, Reason.SIGNATURE_REQUIRED)
    return Allow()
