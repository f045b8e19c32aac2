"""What is deleted row by row: one literal table, one entry per table of Synapse. `retention_pages` walks through it.

`due` must depend on nothing but the keys and what belongs to them: rows with equal keys go together. Everything runs
on SQLite and PostgreSQL alike.
"""
# ruff: noqa: S608 - the statements are put together from the literals of this file

import enum
from dataclasses import dataclass


class Given(enum.Enum):
    """What a condition may ask for, in the place of a `?`."""

    BEFORE_MS = enum.auto()
    """Milliseconds since 1970: now minus the period."""
    BEFORE_ORDERING = enum.auto()
    """The newest stream_ordering whose event is older than the period."""
    OWN_USERS = enum.auto()
    """A LIKE pattern for the users of this homeserver."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One table.

    Args:
        name: unique; the table, or the table and what is special.
        data_class: whose period counts.
        table: where the rows are.
        keys: columns, never NULL, that an index of the table begins with.
        due: SQL about one row `t`; `{server_of}` is a function that takes a user id's server.
        given: the values for the `?` of `due`, in their order.
        empties: columns that are emptied; none: the row is deleted.
        also: (table, column): rows there whose column is the first key go too, before the row itself.
        caches: Synapse's caches that hold such rows.
    """

    name: str
    data_class: str
    table: str
    keys: tuple[str, ...]
    due: str
    given: tuple[Given, ...] = ()
    empties: tuple[str, ...] = ()
    also: tuple[tuple[str, str], ...] = ()
    caches: tuple[str, ...] = ()


_IS_MEMBER = (
    "EXISTS (SELECT 1 FROM current_state_events c WHERE c.type = 'm.room.member' AND c.state_key = t.user_id"
    " AND c.membership IN ('join', 'invite', 'knock'){room})"
)
# The members of a room that is still being joined are not known.
_ALL_MEMBERS_KNOWN = "NOT EXISTS (SELECT 1 FROM partial_state_rooms{room})"
_SHARES_NO_ROOM = (
    f"t.user_id NOT LIKE ? AND {_ALL_MEMBERS_KNOWN.replace('{room}', '')} AND NOT {_IS_MEMBER.replace('{room}', '')}"
)
_HAS_LEFT = (
    f"{_ALL_MEMBERS_KNOWN.replace('{room}', ' p WHERE p.room_id = t.room_id')}"
    f" AND NOT {_IS_MEMBER.replace('{room}', ' AND c.room_id = t.room_id')}"
    # An invite from another server is in no room state of ours.
    " AND NOT EXISTS (SELECT 1 FROM local_current_membership l WHERE l.user_id = t.user_id AND l.room_id = t.room_id"
    " AND l.membership IN ('join', 'invite', 'knock'))"
)
_IS_DEACTIVATED = "EXISTS (SELECT 1 FROM users u WHERE u.name = t.user_id AND u.deactivated = 1)"
_ROOM_IS_GONE = "NOT EXISTS (SELECT 1 FROM rooms r WHERE r.room_id = t.room_id)"
_DELTA_IS_READ = (
    "t.stream_id <= COALESCE((SELECT MIN(p.stream_id) FROM user_directory_stream_pos p), 0)"
    " AND t.stream_id <= COALESCE((SELECT MIN(p.stream_id) FROM room_forgetter_stream_pos p), 0)"
)
_SHARED_SERVERS = (
    "SELECT {server_of}(c.state_key) FROM current_state_events c WHERE c.type = 'm.room.member'"
    " AND c.membership IN ('join', 'invite', 'knock')"
)
_REMOTE_DEVICE_CACHES = (
    "get_device_list_last_stream_id_for_remote",
    "get_cached_devices_for_user",
    "_get_cached_user_device",
    "_get_bare_e2e_cross_signing_keys",
)
_MS, _ORDERING, _OWN = Given.BEFORE_MS, Given.BEFORE_ORDERING, Given.OWN_USERS

ADDRESSES: tuple[Sweep, ...] = (
    Sweep(
        "user_ips",
        "client_addresses",
        "user_ips",
        ("user_id", "access_token", "ip"),
        "t.ip <> '' OR t.user_agent <> ''",
    ),
    Sweep(
        "devices.ip",
        "client_addresses",
        "devices",
        ("user_id", "device_id"),
        "COALESCE(t.ip, '') <> '' OR COALESCE(t.user_agent, '') <> ''",
        empties=("ip", "user_agent"),
    ),
    Sweep(
        "user_daily_visits.user_agent",
        "client_addresses",
        "user_daily_visits",
        ("timestamp", "user_id"),
        "COALESCE(t.user_agent, '') <> ''",
        empties=("user_agent",),
    ),
    Sweep(
        "ui_auth_sessions_ips",
        "client_addresses",
        "ui_auth_sessions_ips",
        ("session_id", "ip", "user_agent"),
        "t.ip <> '' OR t.user_agent <> ''",
    ),
)
"""Only where addresses are not stored: Synapse's own `user_ips_max_age` is for a time."""

SWEEPS: tuple[Sweep, ...] = (
    Sweep(
        "devices.last_seen",
        "device_last_seen",
        "devices",
        ("user_id", "device_id"),
        "t.last_seen < ?",
        (_MS,),
        empties=("last_seen",),
    ),
    Sweep(
        "user_daily_visits", "daily_visits", "user_daily_visits", ("timestamp", "user_id"), "t.timestamp < ?", (_MS,)
    ),
    Sweep(
        "receipts_linearized",
        "receipts",
        "receipts_linearized",
        ("stream_id",),
        f"COALESCE(t.event_stream_ordering, 0) <= ? AND (t.user_id NOT LIKE ? OR ({_HAS_LEFT}))",
        (_ORDERING, _OWN),
        caches=("_get_linearized_receipts_for_room",),
    ),
    Sweep(
        "receipts_graph",
        "receipts",
        "receipts_graph",
        ("room_id", "receipt_type", "user_id"),
        "NOT EXISTS (SELECT 1 FROM receipts_linearized l WHERE l.room_id = t.room_id"
        " AND l.receipt_type = t.receipt_type AND l.user_id = t.user_id)",
    ),
    Sweep(
        "current_state_delta_stream",
        "membership_history",
        "current_state_delta_stream",
        ("stream_id",),
        f"t.stream_id <= ? AND {_DELTA_IS_READ}",
        (_ORDERING,),
    ),
    Sweep(
        "room_tags_revisions",
        "room_tags",
        "room_tags_revisions",
        ("user_id", "room_id"),
        f"{_HAS_LEFT} AND NOT EXISTS (SELECT 1 FROM room_tags g WHERE g.user_id = t.user_id AND g.room_id = t.room_id)",
    ),
    Sweep("event_reports", "reports", "event_reports", ("id",), "t.received_ts < ?", (_MS,)),
    Sweep("room_reports", "reports", "room_reports", ("id",), "t.received_ts < ?", (_MS,)),
    Sweep("user_reports", "reports", "user_reports", ("id",), "t.received_ts < ?", (_MS,)),
    Sweep("open_id_tokens", "openid_tokens", "open_id_tokens", ("token",), "t.ts_valid_until_ms < ?", (_MS,)),
    Sweep(
        "threepid_validation_session",
        "contact_proofs",
        "threepid_validation_session",
        ("session_id",),
        "COALESCE(t.validated_at, (SELECT MAX(k.expires) FROM threepid_validation_token k"
        " WHERE k.session_id = t.session_id), 0) < ?",
        (_MS,),
        also=(("threepid_validation_token", "session_id"),),
    ),
    Sweep(
        "device_inbox",
        "to_device_queue",
        "device_inbox",
        ("user_id", "device_id", "stream_id"),
        "t.user_id LIKE ?"
        " AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.user_id = t.user_id AND d.device_id = t.device_id)"
        " AND NOT EXISTS (SELECT 1 FROM dehydrated_devices h WHERE h.user_id = t.user_id"
        " AND h.device_id = t.device_id)",
        (_OWN,),
    ),
    Sweep(
        "device_federation_outbox",
        "to_device_queue",
        "device_federation_outbox",
        ("destination", "stream_id"),
        "t.queued_ts < ?",
        (_MS,),
    ),
    Sweep(
        "device_lists_remote_extremeties",
        "remote_devices",
        "device_lists_remote_extremeties",
        ("user_id",),
        _SHARES_NO_ROOM,
        (_OWN,),
        caches=_REMOTE_DEVICE_CACHES,
    ),
    Sweep(
        "device_lists_remote_cache",
        "remote_devices",
        "device_lists_remote_cache",
        ("user_id",),
        _SHARES_NO_ROOM,
        (_OWN,),
        also=(
            ("device_lists_remote_extremeties", "user_id"),
            ("device_lists_remote_pending", "user_id"),
            ("device_lists_remote_resync", "user_id"),
            ("e2e_cross_signing_keys", "user_id"),
        ),
        caches=_REMOTE_DEVICE_CACHES,
    ),
    Sweep(
        "destinations",
        "destinations",
        "destinations",
        ("destination",),
        "COALESCE(t.retry_last_ts, 0) < ? AND COALESCE(t.last_successful_stream_ordering, 0) <= ?"
        " AND NOT EXISTS (SELECT 1 FROM destination_rooms d WHERE d.destination = t.destination"
        " AND d.stream_ordering > ?)"
        " AND NOT EXISTS (SELECT 1 FROM device_federation_outbox o WHERE o.destination = t.destination)"
        f" AND {_ALL_MEMBERS_KNOWN.replace('{room}', '')} AND t.destination NOT IN ({_SHARED_SERVERS})",
        (_MS, _ORDERING, _ORDERING),
        also=(("destination_rooms", "destination"), ("device_lists_outbound_last_success", "destination")),
        caches=("get_destination_retry_timings",),
    ),
    *(
        Sweep(f"{table} of gone rooms", "room_state", table, ("room_id",), _ROOM_IS_GONE)
        for table in (
            "event_labels",
            "threads",
            "timeline_gaps",
            "room_retention",
            "room_ban_redactions",
            "thread_subscriptions",
        )
    ),
    Sweep(
        "room_alias_servers",
        "room_state",
        "room_alias_servers",
        ("room_alias",),
        "NOT EXISTS (SELECT 1 FROM room_aliases a WHERE a.room_alias = t.room_alias)",
    ),
    *(
        Sweep(f"{table} of deactivated", "deactivated_users", table, keys, _IS_DEACTIVATED)
        for table, keys in {
            "user_ips": ("user_id", "access_token", "ip"),
            "user_daily_visits": ("timestamp", "user_id"),
            "room_tags_revisions": ("user_id", "room_id"),
            "open_id_tokens": ("token", "user_id"),
        }.items()
    ),
    Sweep(
        "room_tags of deactivated",
        "deactivated_users",
        "room_tags",
        ("user_id", "room_id"),
        _IS_DEACTIVATED,
        caches=("get_tags_for_user",),
    ),
    Sweep(
        "user_filters of deactivated",
        "deactivated_users",
        "user_filters",
        ("user_id", "filter_id"),
        "EXISTS (SELECT 1 FROM users u WHERE u.name = t.full_user_id AND u.deactivated = 1)",
        caches=("get_user_filter",),
    ),
    Sweep(
        "user_directory",
        "user_directory",
        "user_directory",
        ("user_id",),
        f"{_SHARES_NO_ROOM}"
        " AND NOT EXISTS (SELECT 1 FROM users_in_public_rooms p WHERE p.user_id = t.user_id)"
        " AND NOT EXISTS (SELECT 1 FROM users_who_share_private_rooms s WHERE s.other_user_id = t.user_id)",
        (_OWN,),
        also=(("user_directory_search", "user_id"), ("user_directory_stale_remote_users", "user_id")),
    ),
    Sweep(
        "event_push_actions",
        "push_leftovers",
        "event_push_actions",
        ("room_id", "user_id"),
        _HAS_LEFT,
        caches=("get_unread_event_push_actions_by_room_for_user",),
    ),
    Sweep(
        "event_push_summary",
        "push_leftovers",
        "event_push_summary",
        ("user_id", "room_id"),
        _HAS_LEFT,
        caches=("get_unread_event_push_actions_by_room_for_user",),
    ),
    Sweep(
        "pusher_throttle",
        "push_leftovers",
        "pusher_throttle",
        ("pusher", "room_id"),
        "NOT EXISTS (SELECT 1 FROM pushers p WHERE p.id = t.pusher)",
    ),
)
"""In the order in which they run."""
