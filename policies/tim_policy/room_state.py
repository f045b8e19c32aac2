"""State of a room as the rules see it: one event, and what is known about the room it goes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CREATE = "m.room.create"
MEMBER = "m.room.member"
JOIN_RULES = "m.room.join_rules"
HISTORY_VISIBILITY = "m.room.history_visibility"
ENCRYPTION = "m.room.encryption"
POWER_LEVELS = "m.room.power_levels"
GUEST_ACCESS = "m.room.guest_access"
CANONICAL_ALIAS = "m.room.canonical_alias"
SERVER_ACL = "m.room.server_acl"
TOMBSTONE = "m.room.tombstone"

TAKEN_OVER = (
    JOIN_RULES,
    "m.room.name",
    "m.room.topic",
    HISTORY_VISIBILITY,
    GUEST_ACCESS,
    "m.room.avatar",
    ENCRYPTION,
    SERVER_ACL,
    POWER_LEVELS,
)
"""What a new room takes over from the one it replaces; a space its children too."""

PUBLIC = "public"
"""As a join rule, a visibility, and the field of `RoomFacts`."""


@dataclass(frozen=True, slots=True)
class StateEvent:
    """A state event that somebody wants to send.

    Args:
        type, state_key: as in the specification.
        content: any JSON object.
    """

    type: str
    state_key: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """What the room's state says before the event.

    Args:
        is_new: the room is being created: nobody but its creator is in it, and nothing governs it yet.
        is_own: it was created on the homeserver that judges.
        is_federated: users of other homeservers may take part (`m.federate`).
        join_rule: None when there is none, which counts as `invite`.
        encryption, power_levels: content of that event; None when there is none.
    """

    is_new: bool
    is_own: bool
    is_federated: bool
    join_rule: str | None = None
    encryption: Mapping[str, Any] | None = None
    power_levels: Mapping[str, Any] | None = None

    @property
    def is_public(self) -> bool:
        """Whether anybody of this homeserver may join without an invite."""
        return self.join_rule == PUBLIC


@dataclass(frozen=True, slots=True)
class StateFacts:
    """A state event and its room.

    Args:
        event: what is to be sent.
        room: see `RoomFacts`.
        own_server: the homeserver that judges.
    """

    event: StateEvent
    room: RoomFacts
    own_server: str

    def is_setting(self, event_type: str) -> bool:
        """Whether the event is the room's one event of this type."""
        return self.event.type == event_type and self.event.state_key == ""


def value_in(events: Iterable[StateEvent], event_type: str, key: str) -> Any:
    """The value at `key` in the content of the room's last event of this type; None when there is none."""
    found = None
    for event in events:
        if event.type == event_type and event.state_key == "":
            found = event.content.get(key)
    return found


def content_in(events: Iterable[StateEvent], event_type: str) -> Mapping[str, Any] | None:
    """Content of the room's last event of this type; None when there is none."""
    found = None
    for event in events:
        if event.type == event_type and event.state_key == "":
            found = event.content
    return found
