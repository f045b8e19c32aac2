"""A session does not sign in another one: `login/get_token` does not exist (reference implementation: 404)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "REF_LOGIN_TOKEN"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """It would be a login without the second factor.

    Returns:
        Deny(NOT_OFFERED).
    """
    if facts.endpoint is Endpoint.LOGIN_TOKEN:
        return Deny(REQUIREMENT, Reason.NOT_OFFERED)
    return Allow()
