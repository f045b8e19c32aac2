"""Profiles are shown to people who have logged in (A_26289)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_26289"
_JUDGED = frozenset({Endpoint.PROFILE, Endpoint.DISPLAY_NAME})


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Who asks has logged in.

    Returns:
        Deny(LOGIN_REQUIRED).
    """
    if facts.endpoint in _JUDGED and not facts.is_logged_in:
        return Deny(REQUIREMENT, Reason.LOGIN_REQUIRED)
    return Allow()
