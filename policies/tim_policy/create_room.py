"""The body of `POST /createRoom`, read before anybody else looks at it: any JSON becomes a request, or a refusal.

Synapse checks some of it while it creates the room and leaves half a room behind when it stumbles; so whatever it
reads is checked here first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tim_policy.canonical_json import is_canonical
from tim_policy.decision import Deny, Reason
from tim_policy.errors import InvalidName
from tim_policy.event_shape import is_power_levels, is_readable
from tim_policy.names import UserId, parse_user_id
from tim_policy.room_state import (
    CANONICAL_ALIAS,
    CREATE,
    JOIN_RULES,
    MEMBER,
    PUBLIC,
    TOMBSTONE,
    StateEvent,
    value_in,
)

REQUIREMENT = "A_25323-01"
"""Demands what a new room looks like; the refusal of what cannot be read carries it."""

VISIBILITIES = ("public", "private")
PRESETS = ("private_chat", "trusted_private_chat", "public_chat")
PUBLIC_PRESET = "public_chat"

_MAX_BYTES = 255  # of a type, a state key and a whole alias, by the specification of events and identifiers
# What only a homeserver sends into a new room, and what would fail there.
_NOT_INITIAL = (CREATE, MEMBER, TOMBSTONE, "m.room.third_party_invite", "m.room.aliases", "m.call.invite")


@dataclass(frozen=True, slots=True)
class CreateRoomRequest:
    """A request to create a room, every key of the type that the specification gives it.

    Args:
        creator: who asks.
        room_version: None: the homeserver's default.
        creation_content: of the create event, without `room_version` and `creator`.
        visibility, preset: None: not named.
        alias: localpart of the room's address; None: none wanted.
        name, topic: None: not named.
        invitees: in order, each once.
        has_third_party_invites: somebody is invited by e-mail address or telephone number.
        events: `initial_state`, in order.
        power_levels: what replaces keys of the homeserver's default; None: nothing.
    """

    creator: UserId
    room_version: str | None
    creation_content: Mapping[str, Any]
    visibility: str | None
    preset: str | None
    alias: str | None
    name: str | None
    topic: str | None
    invitees: tuple[UserId, ...]
    has_third_party_invites: bool
    events: tuple[StateEvent, ...]
    power_levels: Mapping[str, Any] | None

    @property
    def join_rule(self) -> str | None:
        """The join rule of `initial_state`; None: the preset decides."""
        rule = value_in(self.events, JOIN_RULES, "join_rule")
        return rule if isinstance(rule, str) else None

    @property
    def is_public(self) -> bool:
        """Whether any part of the request asks for a public room."""
        return self.visibility == PUBLIC or self.preset == PUBLIC_PRESET or self.join_rule == PUBLIC


class _Unreadable(Exception):
    pass


def parse_create_room(body: object, creator: UserId, max_depth: int) -> CreateRoomRequest | Deny:
    """Read a request.

    Args:
        body: any JSON value.
        creator: who asks; hers is the homeserver that judges.
        max_depth: see `canonical_json.is_canonical`.

    Returns:
        The request, or Deny(UNREADABLE_REQUEST).
    """
    if not isinstance(body, dict) or not is_canonical(body, max_depth):
        return Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
    try:
        return _request(body, creator)
    except _Unreadable:
        return Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)


def _request(body: Mapping[str, Any], creator: UserId) -> CreateRoomRequest:
    _require(isinstance(body.get("is_direct", False), bool))
    alias = _alias(body, creator)
    return CreateRoomRequest(
        creator=creator,
        room_version=_text(body, "room_version"),
        creation_content=_creation_content(body.get("creation_content", {})),
        visibility=_one_of(body, "visibility", VISIBILITIES),
        preset=_one_of(body, "preset", PRESETS),
        alias=alias,
        name=_text(body, "name"),
        topic=_text(body, "topic"),
        invitees=tuple(dict.fromkeys(_invitee(item) for item in _list(body.get("invite", [])))),
        has_third_party_invites=bool(_list(body.get("invite_3pid", []))),
        events=tuple(_event(item, creator, alias) for item in _list(body.get("initial_state", []))),
        power_levels=_power_levels(body),
    )


def _require(holds: bool) -> None:
    if not holds:
        raise _Unreadable


def _list(value: object) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _Unreadable
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unreadable
    return value


def _text(body: Mapping[str, Any], key: str) -> str | None:
    if key not in body:
        return None
    value = body[key]
    if not isinstance(value, str):
        raise _Unreadable
    return value


def _one_of(body: Mapping[str, Any], key: str, values: tuple[str, ...]) -> str | None:
    value = _text(body, key)
    _require(value is None or value in values)
    return value


def _user_id(value: object) -> UserId:
    try:
        return parse_user_id(value)
    except InvalidName:
        raise _Unreadable from None


def _invitee(value: object) -> UserId:
    """A user id as it is: one whose server is spelled with capitals would be another one in the room."""
    user_id = _user_id(value)
    _require(str(user_id) == value)
    return user_id


def _alias(body: Mapping[str, Any], creator: UserId) -> str | None:
    alias = _text(body, "room_alias_name")
    if alias is not None:
        _require(alias != "" and ":" not in alias and alias.isprintable() and not any(map(str.isspace, alias)))
        _require(len(f"#{alias}:{creator.server_name}".encode()) <= _MAX_BYTES)
    return alias


def _creation_content(value: object) -> dict[str, Any]:
    content = _object(value)
    _require(isinstance(content.get("m.federate", True), bool))
    _text(content, "type")
    for creator in _list(content.get("additional_creators", [])):
        _user_id(creator)
    if "predecessor" in content:
        predecessor = _object(content["predecessor"])
        _require(isinstance(predecessor.get("room_id"), str))
        _text(predecessor, "event_id")
    return {key: item for key, item in content.items() if key not in ("room_version", "creator")}


def _power_levels(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    levels = body.get("power_level_content_override")
    if levels is None:
        _require("power_level_content_override" not in body)
        return None
    _require(_is_power_levels(levels))
    return _object(levels)


def _is_power_levels(levels: object) -> bool:
    if not is_power_levels(levels) or not isinstance(levels, dict):
        return False
    for user_id in levels.get("users", {}):
        _user_id(user_id)
    return True


def _event(value: object, creator: UserId, alias: str | None) -> StateEvent:
    item = _object(value)
    event_type, state_key, content = item.get("type"), item.get("state_key", ""), _object(item.get("content"))
    if not isinstance(event_type, str) or not isinstance(state_key, str):
        raise _Unreadable
    _require(event_type != "" and event_type not in _NOT_INITIAL)
    _require(max(len(event_type.encode()), len(state_key.encode())) <= _MAX_BYTES)
    # A key that names a user is reserved for that user (Matrix specification, authorization rules).
    _require(not state_key.startswith("@") or state_key == str(creator))
    _require("m.relates_to" not in content)
    event = StateEvent(event_type, state_key, content)
    _require(is_readable(event) and (event_type != "m.room.power_levels" or _is_power_levels(content)))
    if event_type == CANONICAL_ALIAS:
        own = () if alias is None else (f"#{alias}:{creator.server_name}",)
        _require({content.get("alias"), *(content.get("alt_aliases") or ())} <= {None, *own})
    return event
