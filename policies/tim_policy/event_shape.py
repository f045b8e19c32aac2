"""Whether the content of a state event is of the shape that the Matrix specification gives its type.

The homeserver accepts some of what is refused here and fails on it later, e.g. in the room directory.
"""

from collections.abc import Callable, Mapping

from tim_policy.room_state import POWER_LEVELS, StateEvent

Check = Callable[[object], bool]


def is_readable(event: StateEvent) -> bool:
    """Whether every key of the content that the homeserver reads is of its type; unknown types and keys pass."""
    mentions = event.content.get("m.mentions")
    if mentions is not None and not _is_mentions(mentions):
        return False
    if event.type == POWER_LEVELS:
        return is_power_levels(event.content)
    return all(check(event.content.get(key)) for key, check in _SHAPES.get(event.type, {}).items())


def is_power_levels(content: object) -> bool:
    """Whether a value is a content of `m.room.power_levels` of room version 10: whole numbers only."""
    if not isinstance(content, Mapping):
        return False
    numbers = all(_is_level(content.get(key, 0)) for key in _LEVELS)
    return numbers and all(_is_levels(content.get(key, {})) for key in ("events", "users", "notifications"))


def _is_level(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_levels(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_level(level) for level in value.values())


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _is_objects(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_mentions(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    return _is_texts(value.get("user_ids", [])) and _is_bool(value.get("room", False))


_LEVELS = ("ban", "events_default", "invite", "kick", "redact", "state_default", "users_default")
_SHAPES: Mapping[str, Mapping[str, Check]] = {
    "m.room.join_rules": {"join_rule": _is_text, "allow": _maybe(_is_objects)},
    "m.room.history_visibility": {"history_visibility": _is_text},
    "m.room.guest_access": {"guest_access": _is_text},
    "m.room.name": {"name": _is_text},
    "m.room.topic": {"topic": _is_text},
    "m.room.avatar": {"url": _maybe(_is_text)},
    "m.room.canonical_alias": {"alias": _maybe(_is_text), "alt_aliases": _maybe(_is_texts)},
    "m.room.pinned_events": {"pinned": _is_texts},
    "m.room.server_acl": {
        "allow": _maybe(_is_texts),
        "deny": _maybe(_is_texts),
        "allow_ip_literals": _maybe(_is_bool),
    },
    "m.room.tombstone": {"replacement_room": _is_text},
    # Milliseconds.
    "m.room.retention": {"min_lifetime": _maybe(_is_level), "max_lifetime": _maybe(_is_level)},
    "m.room.message": {"body": _is_text, "msgtype": _is_text},
}

SHAPED = (POWER_LEVELS, *_SHAPES)
"""The types whose contents have a shape."""
