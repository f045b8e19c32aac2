"""Who somebody is, the organisation says: people do not rename themselves (gematik's guide for clients)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "REF_DISPLAY_NAME"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """A display name is written by server admins; others read it.

    Returns:
        Deny(NAME_IS_FIXED).
    """
    if facts.endpoint is not Endpoint.DISPLAY_NAME or facts.method == "GET" or facts.is_by_admin:
        return Allow()
    return Deny(REQUIREMENT, Reason.NAME_IS_FIXED)
