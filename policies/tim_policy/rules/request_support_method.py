"""The operator's contacts are read, and nothing else (A_26265)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_26265"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """The method is GET.

    Returns:
        Deny(METHOD_NOT_ALLOWED).
    """
    if facts.endpoint is Endpoint.SUPPORT and facts.method != "GET":
        return Deny(REQUIREMENT, Reason.METHOD_NOT_ALLOWED)
    return Allow()
