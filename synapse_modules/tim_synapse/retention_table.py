"""What the janitor remembers, in Synapse's own database: where it is, what time it has seen, what is held.

Functions take a transaction, so that progress and deletion are one step: after a kill either both happened or none.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import PostgresEngine

from tim_synapse.retention_pages import Key

# IF NOT EXISTS: the table of an earlier start is kept. A later version adds statements, it never edits these.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS tim_retention_state (
        id INTEGER PRIMARY KEY,
        last_seen_ts BIGINT,
        is_clock_confirmed BOOLEAN NOT NULL DEFAULT FALSE,
        is_run_requested BOOLEAN NOT NULL DEFAULT FALSE,
        lease_holder TEXT NOT NULL DEFAULT '',
        lease_until_ts BIGINT NOT NULL DEFAULT 0,
        run_began_ts BIGINT,
        run_ended_ts BIGINT,
        fault TEXT
    )""",
    "INSERT INTO tim_retention_state (id) VALUES (1) ON CONFLICT (id) DO NOTHING",
    """CREATE TABLE IF NOT EXISTS tim_retention_progress (
        name TEXT NOT NULL PRIMARY KEY,
        data_class TEXT NOT NULL,
        position TEXT,
        due BIGINT NOT NULL,
        changed BIGINT NOT NULL,
        ended_ts BIGINT,
        last_due BIGINT NOT NULL DEFAULT 0,
        last_changed BIGINT NOT NULL DEFAULT 0,
        changed_ever BIGINT NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE IF NOT EXISTS tim_retention_hold (
        room_id TEXT NOT NULL PRIMARY KEY,
        reference TEXT NOT NULL,
        since_ts BIGINT NOT NULL
    )""",
)
LEASE = timedelta(minutes=1)
"""No other process deletes for that long after the last step."""


class NotTheHolder(Exception):
    """Another process deletes; rolls the transaction back."""


@dataclass(frozen=True, slots=True)
class State:
    """The one row; times in milliseconds since 1970, None: never."""

    last_seen_ts: int | None
    is_clock_confirmed: bool
    is_run_requested: bool
    run_began_ts: int | None
    run_ended_ts: int | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of one sweep.

    Args:
        name, data_class: of the sweep.
        is_running: it is in the middle of a table.
        due, changed: rows of the last complete walk (of this one while there was none).
        changed_ever: rows deleted or emptied since the table exists.
        ended_ts: when the last complete walk ended; None: never.
    """

    name: str
    data_class: str
    is_running: bool
    due: int
    changed: int
    changed_ever: int
    ended_ts: int | None


@dataclass(frozen=True, slots=True)
class Hold:
    """A room in which nothing is deleted; `reference` is the operator's own, e.g. of a case."""

    room_id: str
    reference: str
    since_ts: int


def create(txn: LoggingTransaction) -> None:
    """Make the tables if they are not there."""
    for statement in _SCHEMA:
        txn.execute(statement)


def has_tables(txn: LoggingTransaction) -> bool:
    """Whether the janitor has made its tables; asked without provoking an error."""
    if isinstance(txn.database_engine, PostgresEngine):
        txn.execute("SELECT 1 WHERE to_regclass('tim_retention_hold') IS NOT NULL")
    else:
        txn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tim_retention_hold'")
    return txn.fetchone() is not None


def read_state(txn: LoggingTransaction) -> State:
    """The one row."""
    txn.execute(
        "SELECT last_seen_ts, is_clock_confirmed, is_run_requested, run_began_ts, run_ended_ts, fault"
        " FROM tim_retention_state WHERE id = 1"
    )
    ((seen, confirmed, requested, began, ended, fault),) = txn.fetchall()
    return State(seen, bool(confirmed), bool(requested), began, ended, fault)


def newest_event_ts(txn: LoggingTransaction) -> int | None:
    """When the newest event was received."""
    txn.execute("SELECT received_ts FROM events ORDER BY stream_ordering DESC LIMIT 1")
    row = txn.fetchone()
    return None if row is None else row[0]


def begin_run(txn: LoggingTransaction, now_ms: int) -> None:
    """The clock is believed and a run begins."""
    txn.execute(
        "UPDATE tim_retention_state SET last_seen_ts = ?, is_clock_confirmed = FALSE, is_run_requested = FALSE,"
        " run_began_ts = ?, fault = NULL WHERE id = 1",
        (now_ms, now_ms),
    )


def end_run(txn: LoggingTransaction, now_ms: int) -> None:
    """A run went through all tables."""
    txn.execute("UPDATE tim_retention_state SET run_ended_ts = ? WHERE id = 1", (now_ms,))


def write_fault(txn: LoggingTransaction, fault: str) -> None:
    """Nothing is deleted, and why."""
    txn.execute("UPDATE tim_retention_state SET fault = ?, is_run_requested = FALSE WHERE id = 1", (fault,))


def request_run(txn: LoggingTransaction) -> None:
    """Ask the janitor's process for a run."""
    txn.execute("UPDATE tim_retention_state SET is_run_requested = TRUE WHERE id = 1")


def confirm_clock(txn: LoggingTransaction) -> None:
    """An administrator says that the clock is right; the next run believes it once."""
    txn.execute("UPDATE tim_retention_state SET is_clock_confirmed = TRUE, is_run_requested = TRUE WHERE id = 1")


def hold_lease(txn: LoggingTransaction, holder: str, now_ms: int) -> None:
    """Be the only one who deletes until the transaction ends, and for `LEASE` after it.

    Raises:
        NotTheHolder: somebody else is.
    """
    until = now_ms + int(LEASE.total_seconds() * 1000)
    txn.execute(
        "UPDATE tim_retention_state SET lease_holder = ?, lease_until_ts = ?"
        " WHERE id = 1 AND (lease_holder = ? OR lease_until_ts < ? OR lease_until_ts > ?)",
        # A lease that ends too late was taken with a wrong clock.
        (holder, until, holder, now_ms, until + int(LEASE.total_seconds() * 1000)),
    )
    if txn.rowcount != 1:
        raise NotTheHolder


def read_position(txn: LoggingTransaction, name: str) -> Key | None:
    """Where a sweep was interrupted; None: it begins."""
    txn.execute("SELECT position FROM tim_retention_progress WHERE name = ?", (name,))
    row = txn.fetchone()
    return None if row is None or row[0] is None else tuple(json.loads(row[0]))


def write_progress(
    txn: LoggingTransaction, name: str, data_class: str, end: Sequence[Any] | None, due: int, changed: int, now_ms: int
) -> None:
    """Add a page to a sweep's progress; `end` None: the walk is complete."""
    txn.execute(
        "INSERT INTO tim_retention_progress (name, data_class, position, due, changed) VALUES (?, ?, NULL, 0, 0)"
        " ON CONFLICT (name) DO NOTHING",
        (name, data_class),
    )
    txn.execute(
        "UPDATE tim_retention_progress SET position = ?, due = due + ?, changed = changed + ?,"
        " changed_ever = changed_ever + ? WHERE name = ?",
        (None if end is None else json.dumps(list(end)), due, changed, changed, name),
    )
    if end is None:
        txn.execute(
            "UPDATE tim_retention_progress SET last_due = due, last_changed = changed, due = 0, changed = 0,"
            " ended_ts = ? WHERE name = ?",
            (now_ms, name),
        )


def read_progress(txn: LoggingTransaction) -> list[Progress]:
    """Every sweep that ever ran."""
    txn.execute(
        "SELECT name, data_class, position, due, changed, last_due, last_changed, changed_ever, ended_ts"
        " FROM tim_retention_progress ORDER BY data_class, name"
    )
    return [
        Progress(
            name,
            data_class,
            position is not None,
            due if ended_ts is None else last_due,
            changed if ended_ts is None else last_changed,
            changed_ever,
            ended_ts,
        )
        for name, data_class, position, due, changed, last_due, last_changed, changed_ever, ended_ts in txn.fetchall()
    ]


def read_totals(txn: LoggingTransaction) -> dict[str, int]:
    """Rows and rooms deleted since the table exists, by data class."""
    txn.execute("SELECT data_class, SUM(changed_ever) FROM tim_retention_progress GROUP BY data_class")
    return {data_class: int(total) for data_class, total in txn.fetchall()}


def add_hold(txn: LoggingTransaction, hold: Hold) -> None:
    """Hold a room; its reference is replaced if it is held already."""
    txn.execute(
        "INSERT INTO tim_retention_hold (room_id, reference, since_ts) VALUES (?, ?, ?)"
        " ON CONFLICT (room_id) DO UPDATE SET reference = excluded.reference",
        (hold.room_id, hold.reference, hold.since_ts),
    )


def release_hold(txn: LoggingTransaction, room_id: str) -> bool:
    """Release a room; False: it was not held."""
    txn.execute("DELETE FROM tim_retention_hold WHERE room_id = ?", (room_id,))
    return txn.rowcount == 1


def read_holds(txn: LoggingTransaction) -> list[Hold]:
    """All holds, the oldest first."""
    txn.execute("SELECT room_id, reference, since_ts FROM tim_retention_hold ORDER BY since_ts, room_id")
    return [Hold(*row) for row in txn.fetchall()]
