"""The facts an event is judged by before it is sent; gathered by the shell, read by the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

REACTION = "m.reaction"
REDACTION = "m.room.redaction"
RELATION = "m.relates_to"


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One event that somebody of this homeserver wants to send, or that another homeserver sent.

    Args:
        event_type: e.g. `m.room.message`.
        content: as received: any JSON object. Of an encrypted event only what is not encrypted.
        is_one_emoji: the key of a reaction is exactly one emoji; False for everything else.
        redacts: id of the event that a redaction is to redact, as received; None: there is none.
        redacted_age: how long ago this homeserver took the event that is to be redacted; None: it does not know it.
    """

    event_type: str
    content: Mapping[str, Any]
    is_one_emoji: bool = False
    redacts: object = None
    redacted_age: timedelta | None = None


class UnreadableRelation(ValueError):
    """`m.relates_to` is there, and is not what the specification says."""


def relation_of(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an event says about its relation to another one; empty when it says nothing.

    Raises:
        UnreadableRelation: it is no object, or its `rel_type` is no text.
    """
    relation = content.get(RELATION, {})
    if not isinstance(relation, Mapping):
        raise UnreadableRelation
    if not isinstance(relation.get("rel_type", ""), str):
        raise UnreadableRelation
    return relation


def reaction_key(content: Mapping[str, Any]) -> str | None:
    """What somebody reacts with; None when it is no text, or not there."""
    relation = content.get(RELATION)
    key = relation.get("key") if isinstance(relation, Mapping) else None
    return key if isinstance(key, str) else None


def age_of(now_ms: int, received_ms: int, said_ms: int | None) -> timedelta:
    """How old an event counts as that somebody wants to redact.

    Args:
        now_ms, received_ms: this homeserver's clock, now and when it took the event, in ms since 1970.
        said_ms: when another homeserver says that the event was sent; None for events of the own one.

    Returns:
        The longer of both ages: a time that somebody else wrote cannot make an event younger.
    """
    since = received_ms if said_ms is None else min(received_ms, said_ms)
    return timedelta(milliseconds=max(0, now_ms - since))
