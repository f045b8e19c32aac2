"""There are no guest accounts (reference implementation: 403)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "REF_GUEST"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Nobody registers as a guest.

    Returns:
        Deny(NOT_OFFERED).
    """
    if facts.endpoint is Endpoint.REGISTER and facts.is_guest:
        return Deny(REQUIREMENT, Reason.NOT_OFFERED)
    return Allow()
