"""Encryption is switched on, never off or to something else (A_25324-01); public rooms have none (ADR 0011)."""

from typing import Annotated

from pydantic import Field

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.room_state import ENCRYPTION, StateFacts

REQUIREMENT = "A_25324-01"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        algorithms: that may encrypt a room; the first is what a room gets whose creator names none.
    """

    algorithms: Annotated[tuple[str, ...], Field(min_length=1), Stricter.SUBSET]


def decide(facts: StateFacts, parameters: Parameters) -> Decision:
    """Judge `m.room.encryption`.

    Returns:
        Deny(NOT_ENCRYPTED) for a content without one of the algorithms, in whatever room.
        Deny(PUBLIC_ROOM_ENCRYPTED) for a public room: whoever joins could not read what was said before.
    """
    if not facts.is_setting(ENCRYPTION):
        return Allow()
    if facts.event.content.get("algorithm") not in parameters.algorithms:
        return Deny(REQUIREMENT, Reason.NOT_ENCRYPTED)
    if facts.room.is_public and facts.room.encryption is None:
        return Deny(REQUIREMENT, Reason.PUBLIC_ROOM_ENCRYPTED)
    return Allow()
