"""N14: who may do what in a room, also in room version 12, whose creators stand above all levels (MSC4289)."""

from collections.abc import Mapping
from typing import Any

from nio.events.room_events import PowerLevels

CREATOR_LEVEL = 2**53
"""Above any level that can be written into an event (canonical JSON ends at 2**53 - 1)."""

_VERSIONS_WITHOUT_CREATORS = {str(number) for number in range(1, 12)}


class RoomPower(PowerLevels):  # type: ignore[misc]  # nio has no types
    """nio's power levels with the creators of the room on top."""

    creators: frozenset[str] = frozenset()

    def get_user_level(self, user_id: str) -> int:
        """`CREATOR_LEVEL` for a creator of a room of version 12 or later."""
        return CREATOR_LEVEL if user_id in self.creators else int(super().get_user_level(user_id))


def creators_of(create: Mapping[str, Any]) -> frozenset[str]:
    """Who has infinite power in a room.

    Args:
        create: its `m.room.create` event.

    Returns:
        Empty for room versions below 12, and for an event that is none.
    """
    content, sender = create.get("content"), create.get("sender")
    if not isinstance(content, Mapping) or not isinstance(sender, str):
        return frozenset()
    if str(content.get("room_version", "1")) in _VERSIONS_WITHOUT_CREATORS:
        return frozenset()
    more = content.get("additional_creators")
    return frozenset(
        {sender, *(user for user in more if isinstance(user, str))} if isinstance(more, list) else {sender}
    )


def apply_state(room: Any, event: Any) -> None:
    """Take one state event into `room.power_levels`.

    nio merges a new `m.room.power_levels` into the old one, so that somebody who was removed from it keeps
    his power; here it takes the old one's place.

    Args:
        room: nio's room.
        event: nio's event, any type.
    """
    event_type = event.source.get("type")
    if event_type not in {"m.room.create", "m.room.power_levels"} or event.source.get("state_key") != "":
        return
    old = room.power_levels
    creators = creators_of(event.source) if event_type == "m.room.create" else getattr(old, "creators", frozenset())
    new = getattr(event, "power_levels", old)  # a malformed one has none
    power = RoomPower(new.defaults, dict(new.users), dict(new.events))
    power.creators = creators
    room.power_levels = power
    for user_id, user in room.users.items():
        user.power_level = power.get_user_level(user_id)
