"""What a request to create a room becomes: a private, encrypted room, or a public one that stays on its server.

Whatever the request leaves open is decided here; what it says stays, unless it may not differ. Rules judge the result.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tim_policy.create_room import PUBLIC_PRESET, CreateRoomRequest
from tim_policy.room_state import (
    CANONICAL_ALIAS,
    ENCRYPTION,
    GUEST_ACCESS,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    POWER_LEVELS,
    PUBLIC,
    RoomFacts,
    StateEvent,
    content_in,
    value_in,
)

if TYPE_CHECKING:  # a profile knows the rules, which know plans
    from tim_policy.profile import RuleSet

_NAME, _TOPIC = "m.room.name", "m.room.topic"
_INVITE = "invite"
_FORBIDDEN = "forbidden"
_TRUSTED = "trusted_private_chat"
# What Synapse gives a new room when nobody says otherwise, for the question whether its creator can fill the room.
_DEFAULT_LEVELS: Mapping[str, Any] = {
    "events": {_NAME: 50, CANONICAL_ALIAS: 50, "m.room.avatar": 50}
    | dict.fromkeys((POWER_LEVELS, HISTORY_VISIBILITY, "m.room.tombstone", "m.room.server_acl", ENCRYPTION), 100),
    "state_default": 50,
    "invite": 0,
}


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """The room that is to be created.

    Args:
        room_version: its version.
        creation_content: of the create event.
        events: its initial state, each type and state key once; what the homeserver adds from a preset is in it too.
        power_levels: content of `m.room.power_levels`, as far as the request decides it.
        body: what to put in the place of the request's keys.
    """

    room_version: str
    creation_content: Mapping[str, Any]
    events: tuple[StateEvent, ...]
    power_levels: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def room(self) -> RoomFacts:
        """The room as its initial state is judged."""
        rule = value_in(self.events, JOIN_RULES, "join_rule")
        return RoomFacts(
            is_new=True,
            is_own=True,
            is_federated=self.creation_content.get("m.federate", True) is not False,
            join_rule=rule if isinstance(rule, str) else None,
        )


def plan_room(request: CreateRoomRequest, rules: "RuleSet") -> RoomPlan:
    """Complete a request by the profile; total, and the plan of a planned room is the same plan."""
    version = request.room_version
    if version is None:
        version = rules.create_room_version.default if rules.create_room_version is not None else ""
    creation_content = dict(request.creation_content)
    if rules.create_room_type is not None:
        creation_content.setdefault("type", rules.create_room_type.default)
    if request.is_public and rules.create_room_own_server is not None:
        creation_content["m.federate"] = False
    events = tuple(_events(request, rules))
    body: dict[str, Any] = {
        "creation_content": creation_content,
        "initial_state": [
            {"type": event.type, "state_key": event.state_key, "content": dict(event.content)} for event in events
        ],
        "invite": [str(invitee) for invitee in request.invitees],
    }
    if version:
        body["room_version"] = version
    if request.is_public:
        body |= {"visibility": PUBLIC, "preset": PUBLIC_PRESET}
    return RoomPlan(version, creation_content, events, _power_levels(request), body)


def plan_upgrade(request: CreateRoomRequest) -> RoomPlan:
    """The room that replaces another one: the homeserver takes over what it had, and nothing is completed."""
    return RoomPlan(
        request.room_version or "",
        request.creation_content,
        request.events,
        content_in(request.events, POWER_LEVELS) or {},
        {},
    )


def _events(request: CreateRoomRequest, rules: "RuleSet") -> Iterator[StateEvent]:
    """The initial state: the last one of a kind counts, as in Synapse, and what is missing is added."""
    events = {(event.type, event.state_key): event for event in request.events}
    if request.name is not None:  # the specification lets these keys win
        events.pop((_NAME, ""), None)
    if request.topic is not None:
        events.pop((_TOPIC, ""), None)
    for event in _defaults(request, rules):
        events.setdefault((event.type, event.state_key), event)
    guests = (GUEST_ACCESS, "")
    if rules.state_guest_access is not None:
        events[guests] = StateEvent(*guests, {"guest_access": _FORBIDDEN})
    yield from events.values()


def _defaults(request: CreateRoomRequest, rules: "RuleSet") -> Iterator[StateEvent]:
    yield StateEvent(JOIN_RULES, "", {"join_rule": PUBLIC if request.is_public else _INVITE})
    history = rules.state_history_visibility
    if history is not None:
        default = history.default_public if request.is_public else history.default_private
        yield StateEvent(HISTORY_VISIBILITY, "", {"history_visibility": default})
    encryption = rules.state_encryption
    if encryption is not None and not request.is_public:
        yield StateEvent(ENCRYPTION, "", {"algorithm": encryption.algorithms[0]})


def _power_levels(request: CreateRoomRequest) -> Mapping[str, Any]:
    own = content_in(request.events, POWER_LEVELS)
    if own is not None:
        return own
    users = {str(request.creator): 100}
    if request.preset == _TRUSTED:
        users |= dict.fromkeys(map(str, request.invitees), 100)
    return {**_DEFAULT_LEVELS, "users": users, **(request.power_levels or {})}
