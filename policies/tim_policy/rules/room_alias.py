"""Rooms of insured persons have no public address (A_26015-02, ADR 0012): in force on an insurer's homeserver only.

Anybody may look an address up, without logging in and over federation; only public rooms need one.
"""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.room_access import AliasFacts

REQUIREMENT = "A_26015-02"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: AliasFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(ROOM_ALIAS) for every address that is wanted."""
    return Allow() if facts.alias is None else Deny(REQUIREMENT, Reason.ROOM_ALIAS)
