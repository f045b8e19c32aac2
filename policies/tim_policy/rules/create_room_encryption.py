"""A private room is encrypted from its first event on (A_25324-01, A_25323-01, ADR 0011).

A client that says nothing about encryption gets an encrypted room; one that says something else gets none.
"""

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.room_state import ENCRYPTION, content_in

REQUIREMENT = "A_25324-01"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(NOT_ENCRYPTED) when the private room would have no `m.room.encryption`; `state_encryption` judges which."""
    if facts.plan.room.is_public or content_in(facts.plan.events, ENCRYPTION) is not None:
        return Allow()
    return Deny(REQUIREMENT, Reason.NOT_ENCRYPTED)
