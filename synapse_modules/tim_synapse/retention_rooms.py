"""Which rooms are due, asked of the database in one query per kind and page; never room by room."""
# ruff: noqa: S608 - the statements are put together from the literals of this file

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from synapse.storage.database import LoggingTransaction

from tim_synapse.retention_pages import with_functions


class RoomAction(enum.StrEnum):
    """What happens to a room that is due; closed set."""

    PURGE = "purge"
    """Our users leave it, and Synapse deletes it."""
    LEAVE = "leave"
    """Our users leave it."""


class RoomKind(enum.StrEnum):
    """Kinds of rooms that are due; the names are those of the data classes."""

    INACTIVE = "inactive_rooms"
    ORPHANED = "orphaned_rooms"
    FORGOTTEN = "forgotten_rooms"
    INSURED_ONLY = "insured_only_rooms"


ACTIONS = {
    RoomKind.INACTIVE: RoomAction.PURGE,
    RoomKind.ORPHANED: RoomAction.PURGE,
    RoomKind.FORGOTTEN: RoomAction.PURGE,
    RoomKind.INSURED_ONLY: RoomAction.LEAVE,
}

_MEMBER = "c.room_id = r.room_id AND c.type = 'm.room.member' AND c.membership IN ('join', 'invite', 'knock')"
_NO_NEW_EVENT = "NOT EXISTS (SELECT 1 FROM events e WHERE e.room_id = r.room_id AND e.stream_ordering > ? AND {which})"
_CREATOR = (
    "SELECT e.sender FROM current_state_events s JOIN events e ON e.event_id = s.event_id"
    " WHERE s.room_id = r.room_id AND s.type = 'm.room.create' AND s.state_key = ''"
)
_DUE = {
    # A_25318: activity is a message-like event; a room in which nobody ever spoke counts from its creation.
    RoomKind.INACTIVE: (
        _NO_NEW_EVENT.format(which="e.state_key IS NULL")
        + " AND "
        + _NO_NEW_EVENT.format(which="e.type = 'm.room.create'")
    ),
    # A_28564-01. An invite of ours that waits is in no room state of ours, only among the local memberships.
    RoomKind.ORPHANED: (
        _NO_NEW_EVENT.format(which="1 = 1")
        + " AND NOT EXISTS (SELECT 1 FROM events m WHERE m.room_id = r.room_id AND m.state_key IS NULL)"
        + f" AND NOT EXISTS (SELECT 1 FROM current_state_events c WHERE {_MEMBER}"
        + f" AND (c.membership <> 'join' OR c.state_key <> COALESCE(({_CREATOR}), '')))"
        + " AND NOT EXISTS (SELECT 1 FROM local_current_membership l WHERE l.room_id = r.room_id"
        + " AND l.membership IN ('invite', 'knock'))"
    ),
    # As Synapse's own `is_locally_forgotten_room`.
    RoomKind.FORGOTTEN: (
        _NO_NEW_EVENT.format(which="1 = 1")
        + " AND NOT EXISTS (SELECT 1 FROM local_current_membership l JOIN room_memberships m"
        " ON m.room_id = l.room_id AND m.event_id = l.event_id WHERE l.room_id = r.room_id AND m.forgotten = 0)"
    ),
    # A_26348: nobody but insured persons, and no professional came, went or was invited lately.
    RoomKind.INSURED_ONLY: (
        _NO_NEW_EVENT.format(
            which="(e.type = 'm.room.create'"
            " OR (e.type = 'm.room.member' AND {server_of}(e.state_key) NOT IN ({insurers})))"
        )
        + f" AND EXISTS (SELECT 1 FROM current_state_events c WHERE {_MEMBER} AND c.membership = 'join')"
        + f" AND NOT EXISTS (SELECT 1 FROM current_state_events c WHERE {_MEMBER}"
        + " AND {server_of}(c.state_key) NOT IN ({insurers}))"
    ),
}
_NOT_EXEMPT = (
    "NOT EXISTS (SELECT 1 FROM tim_retention_hold h WHERE h.room_id = r.room_id)"
    # Its members are not known yet.
    " AND NOT EXISTS (SELECT 1 FROM partial_state_rooms p WHERE p.room_id = r.room_id)"
)


@dataclass(frozen=True, slots=True)
class DueQuery:
    """What is asked.

    Args:
        kind: which rooms.
        before: the newest stream_ordering that is older than the period.
        insurers: server names; used by INSURED_ONLY, which finds nothing when it is empty.
    """

    kind: RoomKind
    before: int
    insurers: Collection[str] = ()


def due_rooms(txn: LoggingTransaction, query: DueQuery, after: str, limit: int) -> list[str]:
    """The next rooms that are due, in the order of their ids.

    Args:
        txn: of either engine.
        query: which.
        after: the last room of the page before; empty: begin.
        limit: length of the page.
    """
    return _find(txn, query, "r.room_id > ?", after, limit)


def is_due(txn: LoggingTransaction, query: DueQuery, room_id: str) -> bool:
    """Whether the room is (still) due."""
    return bool(_find(txn, query, "r.room_id = ?", room_id, 1))


PURGES_AT_ONCE = 4
"""Synapse works at five at most and leaves the others in a queue, in which they stay usable."""
_PURGES = "FROM scheduled_tasks WHERE action = 'shutdown_and_purge_room' AND status IN ('scheduled', 'active')"


def purges_under_way(txn: LoggingTransaction) -> int:
    """Rooms that Synapse purges, or is about to, whoever asked for it."""
    txn.execute(f"SELECT COUNT(*) {_PURGES}")
    ((count,),) = txn.fetchall()
    return int(count)


def is_being_purged(txn: LoggingTransaction, room_id: str) -> bool:
    """Whether the room is one of them."""
    txn.execute(f"SELECT 1 {_PURGES} AND resource_id = ?", (room_id,))
    return txn.fetchone() is not None


def _find(txn: LoggingTransaction, query: DueQuery, which: str, room_id: str, limit: int) -> list[str]:
    insurers = sorted(query.insurers)
    if query.kind is RoomKind.INSURED_ONLY and not insurers:
        return []
    due = _DUE[query.kind]
    given: Sequence[object]
    match query.kind:
        case RoomKind.INACTIVE:
            given = (query.before, query.before)
        case RoomKind.INSURED_ONLY:
            due = due.replace("{insurers}", ", ".join("?" * len(insurers)))
            given = (query.before, *insurers, *insurers)
        case _:
            given = (query.before,)
    # Sorted and cut apart: with both in one query, and without statistics of the tables, as after a restore,
    # PostgreSQL hopes for an early end and compares every room with every event.
    txn.execute(
        f"WITH due AS MATERIALIZED (SELECT r.room_id FROM rooms r WHERE {which}"
        f" AND {with_functions(txn, due)} AND {_NOT_EXEMPT}) SELECT room_id FROM due ORDER BY room_id LIMIT ?",
        (room_id, *given, limit),
    )
    return [found for (found,) in txn.fetchall()]
