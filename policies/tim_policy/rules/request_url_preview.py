"""The homeserver opens no links that people write to each other (A_26344)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_26344"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Nobody gets a preview.

    Returns:
        Deny(NOT_OFFERED).
    """
    if facts.endpoint is Endpoint.URL_PREVIEW:
        return Deny(REQUIREMENT, Reason.NOT_OFFERED)
    return Allow()
