"""Who may do what in a room (Matrix specification, client-server API, m.room.power_levels)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CREATOR_RULES_SINCE = 12
_MODERATOR, _ADMIN = 50, 100


@dataclass(frozen=True, slots=True)
class RoomPower:
    """What the state of a room says about power.

    Args:
        creators: user ids of those who created it.
        room_version: as in its create event; from 12 on nobody stands above the creators.
        content: of `m.room.power_levels`; None when there is no such event.
    """

    creators: frozenset[str]
    room_version: str
    content: Mapping[str, Any] | None


def may_remove(power: RoomPower, user_id: str, member: str) -> bool:
    """Whether `user_id` may kick `member`."""
    own = level_of(power, user_id)
    return own >= required_level(power, "kick") and own > level_of(power, member)


def may_send_state(power: RoomPower, user_id: str, event_type: str) -> bool:
    """Whether `user_id` may send state events of this type."""
    return level_of(power, user_id) >= required_state_level(power, event_type)


def required_state_level(power: RoomPower, event_type: str) -> float:
    """The level that sending state events of this type takes."""
    default = _number(power.content, "state_default", _MODERATOR if power.content is not None else 0)
    return _number((power.content or {}).get("events"), event_type, default)


def required_level(power: RoomPower, action: str) -> float:
    """The level that an action takes: `invite`, `kick`, `ban` or `redact`."""
    return _number(power.content, action, 0 if action == "invite" else _MODERATOR)


def default_level(power: RoomPower) -> float:
    """The level of members who are not named."""
    return _number(power.content, "users_default", 0)


def level_of(power: RoomPower, user_id: str) -> float:
    """The level of a user; infinite for a creator whom nobody stands above."""
    is_creator = user_id in power.creators
    if is_creator and power.room_version.isdigit() and int(power.room_version) >= _CREATOR_RULES_SINCE:
        return math.inf
    if power.content is None:
        return _ADMIN if is_creator else 0
    return _number(power.content.get("users"), user_id, default_level(power))


def _number(container: object, key: str, default: float) -> float:
    """Old rooms hold whole numbers as text too; what is neither counts as not there."""
    value = container.get(key, default) if isinstance(container, Mapping) else default
    try:
        return default if isinstance(value, bool) else int(value) if isinstance(value, str | int) else default
    except ValueError:
        return default
