"""Insured persons see the profiles of people they share a room with (A_26290, A_26374)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "A_26290"
_JUDGED = frozenset({Endpoint.PROFILE, Endpoint.DISPLAY_NAME})


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Who reads a profile reads the own one, or shares a room with its owner; server admins are no exception.

    Returns:
        Deny(NO_SHARED_ROOM).
    """
    if facts.endpoint not in _JUDGED or facts.method != "GET":
        return Allow()
    if facts.is_about_oneself or facts.shares_room:
        return Allow()
    return Deny(REQUIREMENT, Reason.NO_SHARED_ROOM)
