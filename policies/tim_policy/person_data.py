"""Which columns name a person, and what of a row she may see (GDPR Art. 15, and its limit in Art. 15 (4))."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from tim_policy.data_map import data_map

_NAMES = (
    *("user_id", "full_user_id", "user_name", "sender", "creator", "state_key", "from_user_id", "target_user_id"),
    *("other_user_id", "ignorer_user_id", "ignored_user_id", "puppets_user_id", "owner", "contact"),
)
_SPECIAL: Mapping[str, tuple[str, ...]] = {"users": ("name",)}
_LOCALPART: Mapping[str, str] = {
    "profiles": "user_id",
    "user_filters": "user_id",
    "delayed_events": "user_localpart",
}

_INDEX = "search index of rows that are in the answer anyway"
_ROOM = "says something about a room, not about a person; the person's events and memberships are in the answer"
_SERVER = "says something about a server"
_SHORT = "a short-lived session without a user id in a column"
NOT_ANSWERED: Mapping[str, str] = {
    "application_services_txns": "a short-lived queue of event ids",
    "appservice_room_list": _ROOM,
    "destination_rooms": _SERVER,
    "destination_rooms_sticky_events_backlog": _SERVER,
    "destinations": _SERVER,
    "device_federation_inbox": _SERVER,
    "device_federation_outbox": "encrypted messages that wait for another server, without a user id in a column",
    "event_auth": _ROOM,
    "event_auth_chains": _ROOM,
    "event_backward_extremities": _ROOM,
    "event_edges": _ROOM,
    "event_expiry": _ROOM,
    "event_failed_pull_attempts": _ROOM,
    "event_forward_extremities": _ROOM,
    "event_json": "answered with the row of `events`, as its content",
    "event_labels": _ROOM,
    "event_relations": "part of the content that is answered with `events`",
    "event_search": _INDEX,
    "event_search_content": _INDEX,
    "event_search_segdir": _INDEX,
    "event_search_segments": _INDEX,
    "event_search_stat": _INDEX,
    "event_to_state_groups": _ROOM,
    "federation_inbound_events_staging": "events of other servers that wait to be checked",
    "local_media_repository_url_cache": "previews of links, without a user",
    "msc4242_state_dag_edges": _ROOM,
    "msc4242_state_dag_forward_extremities": _ROOM,
    "partial_state_events": _ROOM,
    "partial_state_rooms": _ROOM,
    "partial_state_rooms_servers": _ROOM,
    "pusher_throttle": "belongs to a pusher, which is answered; has no user id",
    "quarantined_media_changes": _SERVER,
    "received_transactions": _SERVER,
    "redactions": "links two events; both are answered when they are hers",
    "rejections": _ROOM,
    "remote_media_cache": _SERVER,
    "remote_media_cache_thumbnails": _SERVER,
    "room_alias_servers": _ROOM,
    "room_depth": _ROOM,
    "room_retention": _ROOM,
    "room_stats_current": _ROOM,
    "room_stats_earliest_token": _ROOM,
    "room_stats_state": _ROOM,
    "scheduled_tasks": "tasks of Synapse, which it deletes after a week",
    "server_keys_json": _SERVER,
    "server_signature_keys": _SERVER,
    "sessions": _SHORT,
    "sliding_sync_connection_positions": "a position of `sliding_sync_connections`, which is answered",
    "sliding_sync_connection_required_state": "a position of `sliding_sync_connections`, which is answered",
    "sliding_sync_connection_room_configs": "a position of `sliding_sync_connections`, which is answered",
    "sliding_sync_connection_streams": "a position of `sliding_sync_connections`, which is answered",
    "sliding_sync_joined_rooms": _ROOM,
    "sliding_sync_joined_rooms_to_recalculate": _ROOM,
    "state_groups": _ROOM,
    "state_groups_state": "the same state events once more, in Synapse's own compressed form",
    "threads": _ROOM,
    "threepid_guest_access_tokens": _SHORT,
    "threepid_validation_session": "proofs without a user id; the proved addresses are in `user_threepids`",
    "threepid_validation_token": "proofs without a user id; the proved addresses are in `user_threepids`",
    "tim_audit": "names administrators only, and is read with `tim audit export`",
    "tim_retention_hold": "names rooms only; telling of it would defeat the hold (Art. 15 (4), Art. 23)",
    "timeline_gaps": _ROOM,
    "ui_auth_sessions": _SHORT,
    "ui_auth_sessions_credentials": _SHORT,
    "ui_auth_sessions_ips": _SHORT,
    "user_directory_search": _INDEX,
    "user_directory_search_content": _INDEX,
    "user_directory_search_segdir": _INDEX,
    "user_directory_search_segments": _INDEX,
    "user_directory_search_stat": _INDEX,
}
"""Tables with personal data that an answer leaves out, and why."""

_OTHERS_OWN = frozenset({("ignored_users", "ignored_user_id"), ("tim_contacts", "contact")})
"""Rows that another person has written about her for herself: they are hers, and secret to everybody else."""

_WRITTEN_BY_HER = frozenset(
    {
        *(("account_data", "user_id"), ("room_account_data", "user_id"), ("tim_contacts", "owner")),
        *(("ignored_users", "ignorer_user_id"), ("user_filters", "full_user_id"), ("push_rules", "user_name")),
    }
)
"""Her own lists: the names in them she has written down herself."""

_SECRET = frozenset(
    {
        *("password_hash", "token", "access_token", "client_secret", "renewal_token", "next_link", "session_data"),
        *("auth_provider_session_id", "device_data"),
    }
)
_BY_ANOTHER = frozenset({("user_reports", "target_user_id")})
_DEEPEST = 50
SECRET = "[geheim, nicht ausgegeben]"  # noqa: S105 - what is shown in its place
ANOTHER_PERSON = "[andere Person]"
UNREADABLE = "[verschlüsselt, für den Server nicht lesbar]"
_USER_ID = re.compile(r"@[^\s:\"\\<>,;()\[\]{}]{1,255}:[A-Za-z0-9.\-]+(?::\d{1,5})?")
_USER_ID_IN_LINK = re.compile(r"%40[A-Za-z0-9._=\-/+%]{1,255}?%3A[A-Za-z0-9.\-]+", re.IGNORECASE)
_NAME_KEYS = frozenset({"displayname", "display_name", "avatar_url", "user_name"})


@dataclass(frozen=True, slots=True)
class PersonColumn:
    """A column by which rows of a person are found.

    Args:
        table, column: of the data map.
        is_localpart: it holds `anna` in the place of `@anna:praxis.example.de`.
    """

    table: str
    column: str
    is_localpart: bool = False


def person_columns(table: str) -> tuple[PersonColumn, ...]:
    """The columns of a table that hold a user id or its local part; empty: none does."""
    localpart = _LOCALPART.get(table)
    personal = data_map()[table].personal
    found = [
        PersonColumn(table, column)
        for column in personal
        if column != localpart and (column in _NAMES or column in _SPECIAL.get(table, ()))
    ]
    if localpart is not None:
        found.append(PersonColumn(table, localpart, is_localpart=True))
    return tuple(found)


def answered_columns() -> tuple[PersonColumn, ...]:
    """What an answer to the person asks for, table by table."""
    return tuple(
        place
        for table in data_map()
        if table not in NOT_ANSWERED
        for place in person_columns(table)
        if (place.table, place.column) not in _OTHERS_OWN
    )


def person_row(place: PersonColumn, row: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    """What she may see of a row that was found by `place`: no secrets, and nothing that tells who others are.

    Args:
        place: the column that names her.
        row: column → value; texts that are JSON objects or lists are read.
        user_id: hers.
    """
    is_hers = (place.table, place.column) in _WRITTEN_BY_HER
    is_about_another = row.get("type") == "m.room.member" and row.get("state_key") not in (None, user_id)
    shown: dict[str, Any] = {}
    for column, value in row.items():
        if column in _SECRET and value is not None:
            shown[column] = SECRET
        elif is_hers:
            shown[column] = _read(value)
        elif (column == "content" and is_about_another) or (
            (place.table, place.column) in _BY_ANOTHER and column == "reason"
        ):
            shown[column] = ANOTHER_PERSON
        elif column in _NAME_KEYS and _is_of_another(row, user_id):
            shown[column] = None if value is None else ANOTHER_PERSON
        else:
            shown[column] = _without_others(_read(value), user_id)
    return shown


def _is_of_another(row: Mapping[str, Any], user_id: str) -> bool:
    """The row is the profile or membership of somebody else, whom she has invited for example."""
    owner = row.get("user_id")
    return isinstance(owner, str) and owner.startswith("@") and owner != user_id


def _read(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, str) and value[:1] in ("{", "[") and _depth(value) <= _DEEPEST:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _depth(text: str) -> int:
    """At least how deep the JSON goes; brackets in its strings count too."""
    return max(accumulate(1 if character in "[{" else -1 for character in text if character in "[]{}"))


def _without_others(value: Any, user_id: str) -> Any:
    """No deeper than `_DEEPEST`; what is deeper stays one text."""
    match value:
        case str():
            return _text(value, user_id)
        case Mapping():
            return _mapping(value, user_id)
        case Sequence():
            return [_without_others(part, user_id) for part in value]
    return value


def _mapping(value: Mapping[Any, Any], user_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, part in value.items():
        key = _text(str(name), user_id)
        shown[key] = UNREADABLE if name in ("ciphertext", "session_data") else _without_others(part, user_id)
    return shown


def _text(text: str, user_id: str) -> str:
    shown = _USER_ID.sub(lambda found: found[0] if found[0] == user_id else ANOTHER_PERSON, text)
    return _USER_ID_IN_LINK.sub(ANOTHER_PERSON, shown)
