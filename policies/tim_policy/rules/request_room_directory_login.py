"""The room directory, and whether a room stands in it, is for people of this homeserver only (A_26518)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_26518"
_JUDGED = frozenset({Endpoint.ROOM_DIRECTORY, Endpoint.ROOM_VISIBILITY})


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
