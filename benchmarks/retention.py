"""What retention costs on PostgreSQL, with generated data: `.venv/bin/python -m benchmarks.retention [rooms rows]`.

First the questions which rooms are due; then a real homeserver that deletes while a client sends (`retention_traffic`).
Without numbers: 200,000 rooms and 1,000,000 rows, and the table is written to benchmarks/results/retention.md.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.retention.databases import Database, until_it_answers

from benchmarks.machine import any_base_port, this_machine
from benchmarks.retention_traffic import beside_traffic
from tim_sandbox.processes import Supervisor
from tim_sandbox.state import PORT_SPAN
from tim_sandbox.workers.postgres import POSTGRES, new_postgres, postgres_directory
from tim_synapse import retention_table as table
from tim_synapse.retention_pages import ordering_before
from tim_synapse.retention_rooms import DueQuery, RoomKind, due_rooms

_RESULTS = Path(__file__).parent / "results" / "retention.md"
_REPORT = """# Retention on PostgreSQL

`python -m benchmarks.retention`. {machine}

PostgreSQL runs with fsync off. Generated data: {rooms} rooms with 19 events each, 400 in 200,000 of them quiet for
long, half of those with state only; {rows} rows of membership history to delete, in four runs of the janitor with its
own steps and pauses. During the runs and between them the same client sends one event after the other.

{lines}
"""
_EVENTS_PER_ROOM = 19
_STATE_EVENTS = 9
_DUE_EVERY = 1000
_PAGE = 20_000  # as the janitor's
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


async def main() -> None:
    """Measure, print one table in Markdown and, with the usual numbers, write it to benchmarks/results."""
    given = [int(argument) for argument in sys.argv[1:]]
    rooms, rows = given or (200_000, 1_000_000)
    with tempfile.TemporaryDirectory() as directory, postgres_directory() as data:
        base_port = any_base_port()
        supervisor = Supervisor(Path(directory))
        postgres = new_postgres(data, base_port + PORT_SPAN - 1)
        await postgres.start(supervisor)
        try:
            arguments = {k: v for k, v in postgres.settings()["args"].items() if not k.startswith("cp_")}
            await until_it_answers(arguments)
            lines = ["| what | measured | to reach |", "| --- | --- | --- |"]
            with closing(Database("psycopg2", arguments)) as database:
                fill(database, rooms)
                lines += scan(database, "before PostgreSQL has statistics")
                with database.transaction() as txn:
                    txn.execute("ANALYZE")
                lines += scan(database, "with statistics")
            sandbox, log = Path(directory) / "sandbox", supervisor.log_of(POSTGRES)
            lines += await beside_traffic(sandbox, base_port, postgres.settings(), log, rows)
        finally:
            await supervisor.stop_all()
    text = _REPORT.format(machine=this_machine(), rooms=rooms, rows=rows, lines="\n".join(lines))
    print(text)
    if not given:
        _RESULTS.write_text(text, encoding="utf-8")


def fill(database: Database, rooms: int) -> None:
    """Generate the rooms."""
    numbers = {"rooms": rooms, "events": _EVENTS_PER_ROOM, "state": _STATE_EVENTS, "due": _DUE_EVERY}
    with database.transaction() as txn:
        table.create(txn)
        for statement in (_ROOMS, _EVENTS, _STATE, _MEMBERSHIPS, _ROOM_MEMBERSHIPS):
            txn.execute(statement.format(**numbers))


def scan(database: Database, when: str) -> Iterator[str]:
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
        measured = f"{times[0]:.2f} s, then {times[1]:.2f} s; {queries} queries"
        yield f"| {kind.value}: {found} due, {when} | {measured} | 3 s, 10 queries |"


if __name__ == "__main__":
    asyncio.run(main())
