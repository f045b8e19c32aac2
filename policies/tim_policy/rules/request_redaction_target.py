"""A redaction that is sent as an ordinary event says what it redacts; Synapse answers 500 when it does not."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_25641-01"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """The body names an event.

    Returns:
        Deny(UNREADABLE_REQUEST).
    """
    if facts.endpoint is not Endpoint.REDACTION_EVENT or facts.method == "GET" or facts.body is None:
        return Allow()
    if isinstance(facts.body.get("redacts"), str):
        return Allow()
    return Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
