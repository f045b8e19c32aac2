"""What retention costs on PostgreSQL, with generated data: `.venv/bin/python -m benchmarks.retention [rooms] [rows]`.

Times are those of the module's own statements on Synapse's own schema; no homeserver runs beside. Meanwhile another
connection writes a receipt again and again, as a client's request would, and its longest wait is told.
"""

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.retention.databases import Database, until_it_answers

from tim_policy.retention_pace import SHORTEST_PAUSE, next_pause
from tim_sandbox.processes import Supervisor
from tim_sandbox.state import free_base_port
from tim_sandbox.workers.postgres import new_postgres, postgres_directory
from tim_synapse import retention_table as table
from tim_synapse.retention_rooms import DueQuery, RoomKind, due_rooms
from tim_synapse.retention_sweeps import SWEEPS, Given, delete, ordering_before, read_page

_EVENTS_PER_ROOM = 19
_STATE_EVENTS = 9
_DUE_EVERY = 1000
_PAGE = 1000
_BATCH_ROWS = 2_000  # the default of the configuration
_ROOMS = """
    INSERT INTO rooms (room_id, is_public, creator)
    SELECT '!' || r || ':own.test', FALSE, '@creator:own.test' FROM generate_series(1, {rooms}) r
"""
# Every thousandth room has only state: it is orphaned. Those and every other thousandth have been quiet for long.
_EVENTS = """
    INSERT INTO events (event_id, type, room_id, sender, topological_ordering, depth, processed, outlier,
                        stream_ordering, received_ts, origin_server_ts, state_key)
    SELECT '$' || r || '-' || n, CASE WHEN n = 1 THEN 'm.room.create' WHEN n <= {state} THEN 'm.room.member'
               ELSE 'm.room.encrypted' END,
           '!' || r || ':own.test', '@creator:own.test', n, n, TRUE, FALSE,
           CASE WHEN mod(r, {due}) < 2 OR n <= {state} THEN (r - 1) * {events} + n
                ELSE {rooms} * {events} + (r - 1) * {events} + n END,
           CASE WHEN mod(r, {due}) < 2 OR n <= {state} THEN 1000 ELSE 2000 END, 0,
           CASE WHEN n <= {state} THEN CASE WHEN n = 1 THEN '' ELSE '@creator:own.test' END END
    FROM generate_series(1, {rooms}) r, generate_series(1, {events}) n
    WHERE NOT (mod(r, {due}) = 0 AND n > {state})
"""
_STATE = """
    INSERT INTO current_state_events (event_id, room_id, type, state_key, membership)
    SELECT '$' || r || '-' || n, '!' || r || ':own.test', CASE n WHEN 1 THEN 'm.room.create' ELSE 'm.room.member' END,
           CASE n WHEN 1 THEN '' WHEN 2 THEN '@creator:own.test' ELSE '@nurse:kasse.test' END,
           CASE WHEN n > 1 THEN 'join' END
    FROM generate_series(1, {rooms}) r, generate_series(1, 3) n WHERE NOT (mod(r, {due}) = 0 AND n = 3)
"""
_MEMBERSHIPS = """
    INSERT INTO local_current_membership (room_id, user_id, event_id, membership)
    SELECT '!' || r || ':own.test', '@creator:own.test', '$' || r || '-2', 'join' FROM generate_series(1, {rooms}) r
"""
_ROOM_MEMBERSHIPS = """
    INSERT INTO room_memberships (event_id, user_id, sender, room_id, membership, forgotten)
    SELECT '$' || r || '-2', '@creator:own.test', '@creator:own.test', '!' || r || ':own.test', 'join', 0
    FROM generate_series(1, {rooms}) r
"""
_DELTAS = """
    INSERT INTO current_state_delta_stream (stream_id, room_id, type, state_key)
    SELECT n, '!1:own.test', 'm.room.member', '@u' || n || ':own.test' FROM generate_series(1, {rows}) n
"""


async def main() -> None:
    """Measure and print one table in Markdown."""
    given = [int(argument) for argument in sys.argv[1:]]
    rooms, rows = given or (200_000, 1_000_000)
    with tempfile.TemporaryDirectory() as logs, postgres_directory() as directory:
        supervisor = Supervisor(Path(logs))
        postgres = new_postgres(directory, free_base_port(range(20_000, 32_000, 100)))
        await postgres.start(supervisor)
        try:
            arguments = {k: v for k, v in postgres.settings()["args"].items() if not k.startswith("cp_")}
            await until_it_answers(arguments)
            measure(arguments, rooms, rows)
        finally:
            await supervisor.stop_all()


def measure(arguments: dict[str, Any], rooms: int, rows: int) -> None:
    """Fill a database and ask."""
    with closing(Database("psycopg2", arguments)) as database:
        numbers = {"rooms": rooms, "events": _EVENTS_PER_ROOM, "state": _STATE_EVENTS, "due": _DUE_EVERY, "rows": rows}
        with database.transaction() as txn:
            table.create(txn)
            for statement in (_ROOMS, _EVENTS, _STATE, _MEMBERSHIPS, _ROOM_MEMBERSHIPS, _DELTAS):
                txn.execute(statement.format(**numbers))
            txn.execute("UPDATE user_directory_stream_pos SET stream_id = ?", (rows * 10,))
            txn.execute("UPDATE room_forgetter_stream_pos SET stream_id = ?", (rows * 10,))
        with database.transaction() as txn:
            txn.execute("ANALYZE")
        print(f"| what | {rooms} rooms, {rows} rows |\n| --- | --- |")
        scan(database)
        sweep(database, arguments, rows)


def scan(database: Database) -> None:
    """Which rooms are due? The first and the second time."""
    for kind in RoomKind:
        times, found, queries = [], 0, 0
        for _ in range(2):
            began = time.perf_counter()
            with database.transaction() as txn:
                before = ordering_before(txn, 1_500)
            query, found, after, queries = DueQuery(kind, before, ("kasse.test",)), 0, "", 1
            while True:
                with database.transaction() as txn:
                    page = due_rooms(txn, query, after, _PAGE)
                found, queries = found + len(page), queries + 1
                if len(page) < _PAGE:
                    break
                after = page[-1]
            times.append(time.perf_counter() - began)
        print(f"| {kind}: {found} due, {queries} queries | {times[0]:.2f} s, then {times[1]:.2f} s |")


def sweep(database: Database, arguments: dict[str, Any], rows: int) -> None:
    """Delete all rows in the janitor's steps and with its pauses."""
    entry = next(found for found in SWEEPS if found.name == "current_state_delta_stream")
    values = {Given.BEFORE_MS: 0, Given.BEFORE_ORDERING: rows * 10, Given.OWN_USERS: "%:own.test"}
    client = Client(lambda: database.engine.module.connect(**arguments))
    client.start()
    began, deleted, longest, pause, after = time.perf_counter(), 0, 0.0, SHORTEST_PAUSE, None
    while True:
        step = time.perf_counter()
        with database.transaction() as txn:
            table.hold_lease(txn, "main", 1)
            page = read_page(txn, entry, values, after, _BATCH_ROWS)
            deleted += delete(txn, entry, page.due)
            table.write_progress(txn, entry.name, entry.data_class, page.end, len(page.due), len(page.due), 0)
        took = time.perf_counter() - step
        longest, after = max(longest, took), page.end
        threading.Event().wait(pause)
        pause = next_pause(pause, took, 0)
        if page.end is None:
            break
    total = time.perf_counter() - began
    client.end()
    print(f"| {deleted} rows deleted, pauses included | {total:.0f} s; longest step {longest * 1000:.0f} ms |")
    print(f"| a client's writes to the same table meanwhile | {client.count}; longest {client.longest * 1000:.0f} ms |")


class Client(threading.Thread):
    """Writes a row of the same table every 10 ms, and measures how long it takes."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._connect = connect
        self._is_ended = threading.Event()
        self.longest, self.count = 0.0, 0

    def run(self) -> None:
        """See `Thread`."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            while not self._is_ended.wait(0.01):
                began = time.perf_counter()
                cursor.execute(
                    "INSERT INTO current_state_delta_stream (stream_id, room_id, type, state_key)"
                    " VALUES (900000000, '!new:own.test', 'm.room.member', '@new:own.test')"
                )
                connection.commit()
                self.longest, self.count = max(self.longest, time.perf_counter() - began), self.count + 1

    def end(self) -> None:
        """Stop and wait."""
        self._is_ended.set()
        self.join()


if __name__ == "__main__":
    asyncio.run(main())
