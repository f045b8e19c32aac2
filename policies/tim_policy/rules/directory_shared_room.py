"""Insured persons find people they share a room with, and are found by them only (A_26375, A_26374)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.user_directory import DirectoryHit

REQUIREMENT = "A_26375"


class Parameters(_Parameters):
    """Nothing to set; nobody sees the refusal, the hit is left out."""


def decide(facts: DirectoryHit, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Neither side is insured, or both share a room.

    Returns:
        Deny(NO_SHARED_ROOM).
    """
    if facts.shares_room or not (facts.is_searcher_insured or facts.is_found_insured):
        return Allow()
    return Deny(REQUIREMENT, Reason.NO_SHARED_ROOM)
