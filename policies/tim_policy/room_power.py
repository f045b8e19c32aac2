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
    own = _of_user(power, user_id)
    return own >= _number(power.content, "kick", _MODERATOR) and own > _of_user(power, member)


def may_send_state(power: RoomPower, user_id: str, event_type: str) -> bool:
    """Whether `user_id` may send state events of this type."""
    default = _number(power.content, "state_default", _MODERATOR if power.content is not None else 0)
    events = (power.content or {}).get("events")
    return _of_user(power, user_id) >= _number(events, event_type, default)


def _of_user(power: RoomPower, user_id: str) -> float:
    is_creator = user_id in power.creators
    if is_creator and power.room_version.isdigit() and int(power.room_version) >= _CREATOR_RULES_SINCE:
        return math.inf
    if power.content is None:
        return _ADMIN if is_creator else 0
    return _number(power.content.get("users"), user_id, _number(power.content, "users_default", 0))


def _number(container: object, key: str, default: float) -> float:
    """Old rooms hold whole numbers as text too; what is neither counts as not there."""
    value = container.get(key, default) if isinstance(container, Mapping) else default
    try:
        return default if isinstance(value, bool) else int(value) if isinstance(value, str | int) else default
    except ValueError:
        return default
