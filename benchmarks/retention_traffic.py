"""A homeserver that deletes while a client sends: how long a send takes, how much memory, who waits for a lock."""

import asyncio
import os
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from synapse.storage.engines import create_engine

from benchmarks.pairs import percentile
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver import tim_module
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.members import PRAXIS
from tim_sandbox.running import Sandbox

_NAME = PRAXIS.server_name
_RETENTION = "/_synapse/client/tim/v1/retention"
_BLOCKS = 4
_WARM_UP = 200
_PAUSE_SECONDS = 0.01
_LOCK_MILLISECONDS = 100
_MIB = 2**20
_OK = 200
_DELTAS = """
    INSERT INTO current_state_delta_stream (stream_id, room_id, type, state_key)
    SELECT 1 + mod(n, (SELECT MAX(stream_ordering) FROM events)), '!1:own.test', 'm.room.member',
           '@u' || n || ':own.test'
    FROM generate_series(1, ?) n
"""


@dataclass(slots=True)
class _Bench:
    sandbox: Sandbox
    database: Mapping[str, Any]
    admin: MatrixUser
    user: MatrixUser
    room_id: str
    idle: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    idle_rss: float = 0
    busy_rss: float = 0
    run_seconds: float = 0

    def sql(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """On a connection of its own, outside of a transaction."""
        return sql(self.database, statement, parameters)

    async def send(self) -> float:
        """Seconds."""
        path = f"/_matrix/client/v3/rooms/{quote(self.room_id)}/send/m.room.encrypted/{secrets.token_hex(8)}"
        content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "A" * 200}
        began = time.perf_counter()
        answer = await self.user.request("PUT", path, content)
        seconds = time.perf_counter() - began
        _require(answer.status == _OK, f"send: {answer.status}")
        await asyncio.sleep(_PAUSE_SECONDS)
        return seconds

    def rss(self) -> float:
        """Of the homeserver's process, in MiB."""
        pid = self.sandbox.supervisor.pids[_NAME]
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / _MIB

    def is_running(self) -> bool:
        """Whether a run was asked for and has not ended."""
        state = "is_run_requested, run_began_ts, COALESCE(run_ended_ts, 0)"
        ((is_requested, began, ended),) = self.sql(f"SELECT {state} FROM tim_retention_state")  # noqa: S608 - our literal
        return bool(is_requested or began is None or began > ended)


def sql(database: Mapping[str, Any], statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ask PostgreSQL on a connection of its own, outside of a transaction."""
    engine = create_engine(dict(database))
    arguments = {key: value for key, value in database["args"].items() if not key.startswith("cp_")}
    connection: Any = engine.module.connect(**arguments)
    with closing(connection):
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(engine.convert_param_style(statement), parameters)
        return [] if cursor.description is None else [tuple(row) for row in cursor.fetchall()]


async def beside_traffic(
    directory: Path, base_port: int, database: Mapping[str, Any], lock_log: Path, rows: int
) -> list[str]:
    """Run a homeserver on the filled database and return rows of the report.

    Args:
        directory, base_port: of the sandbox.
        database: the `database` block of homeserver.yaml.
        lock_log: where PostgreSQL writes its log.
        rows: to delete, in all runs together.

    Raises:
        RuntimeError: a request was refused, or PostgreSQL does not tell of waits.
    """
    _prepare(database)
    _provoke_wait(database, lock_log)
    module = tim_module(f"http://127.0.0.1:{base_port}", directory / "pki")
    module["config"]["federation_list"]["source"] = {"file": str(directory / "no-list.jws")}
    module["config"]["retention"] = {"policy": "minimal", "mode": "enforce", "interval": "1d"}
    extra = {
        "database": dict(database),
        "modules": [module],
        "stats": {"enabled": False},
        "media_retention": {"remote_media_lifetime": "14d"},
        "federation_domain_whitelist": [],
    }
    plan = Plan(directory, base_port, members=(PRAXIS,), with_bot=False, extra={_NAME: extra})
    async with running_sandbox(plan) as sandbox:
        client = sandbox.homeserver(_NAME)
        admin = await client.new_user("aufsicht", secrets.token_urlsafe(), is_admin=True)
        user = await client.new_user("anna", secrets.token_urlsafe())
        room = await user.request("POST", "/_matrix/client/v3/createRoom", {"preset": "private_chat"})
        _require(room.status == _OK, f"createRoom: {room.status}")
        bench = _Bench(sandbox, database, admin, user, room.body["room_id"])
        for _ in range(_WARM_UP):
            await bench.send()
        bench.idle_rss = bench.rss()
        told = _waits(lock_log)
        for _ in range(_BLOCKS):
            await _block(bench, rows // _BLOCKS)
        waits = _waits(lock_log)[len(told) :]
    return list(_report(bench, rows // _BLOCKS * _BLOCKS, waits))


def _prepare(database: Mapping[str, Any]) -> None:
    """Make the generated data one that Synapse starts with, and have PostgreSQL tell of whoever waits for a lock."""
    sql(database, "SELECT setval('events_stream_seq', (SELECT MAX(stream_ordering) FROM events))")
    # They would work through the generated rooms beside the measurement.
    sql(database, "DELETE FROM background_updates")
    # Due, but not whole enough for Synapse to purge them.
    sql(
        database,
        "DELETE FROM rooms r WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.room_id = r.room_id"
        " AND e.state_key IS NULL)",
    )
    for setting in (f"deadlock_timeout = '{_LOCK_MILLISECONDS}ms'", "log_lock_waits = on"):
        sql(database, f"ALTER SYSTEM SET {setting}")
    sql(database, "SELECT pg_reload_conf()")


def _provoke_wait(database: Mapping[str, Any], lock_log: Path) -> None:
    """Somebody who waits for a lock for 0.3 s must be told of; otherwise the number 0 would mean nothing."""
    engine = create_engine(dict(database))
    arguments = {key: value for key, value in database["args"].items() if not key.startswith("cp_")}
    connection: Any = engine.module.connect(**arguments)
    with closing(connection):
        connection.cursor().execute("LOCK TABLE tim_retention_hold")
        with suppress(engine.module.OperationalError):
            sql(database, "SET lock_timeout = '300ms'; LOCK TABLE tim_retention_hold")
    _require(bool(_waits(lock_log)), "PostgreSQL does not tell of waits")


def _waits(lock_log: Path) -> list[str]:
    """The begin of each statement that waited."""
    log = lock_log.read_text(encoding="utf-8", errors="replace")
    waits = re.findall(r"still waiting for .*?STATEMENT:\s+(.*?)\n", log, re.DOTALL)
    return [" ".join(statement.split()[:4]) for statement in waits]


async def _block(bench: _Bench, rows: int) -> None:
    """As many sends during a run as without one before it."""
    began = time.perf_counter()
    await _run(bench, rows)
    took = time.perf_counter() - began
    until = time.perf_counter() + took
    while time.perf_counter() < until:
        bench.idle.append(await bench.send())


async def _run(bench: _Bench, rows: int) -> None:
    """Send while the janitor deletes so many rows."""
    bench.sql(_DELTAS, (rows,))
    for position in ("user_directory_stream_pos", "room_forgetter_stream_pos"):
        bench.sql(f"UPDATE {position} SET stream_id = (SELECT MAX(stream_ordering) FROM events)")  # noqa: S608 - ours
    answer = await bench.admin.request("POST", f"{_RETENTION}/run")
    _require(answer.status == _OK, f"run: {answer.status}")
    began, looked = time.perf_counter(), 0.0
    while True:
        bench.busy.append(await bench.send())
        bench.busy_rss = max(bench.busy_rss, bench.rss())
        if time.perf_counter() - looked > 1:
            looked = time.perf_counter()
            if not await asyncio.to_thread(bench.is_running):
                break
    bench.run_seconds += time.perf_counter() - began
    ((left,),) = bench.sql("SELECT COUNT(*) FROM current_state_delta_stream WHERE room_id = '!1:own.test'")
    _require(left == 0, f"{left} rows were not deleted")


def _report(bench: _Bench, rows: int, waits: list[str]) -> list[str]:
    idle, busy = percentile(bench.idle, 0.99) * 1000, percentile(bench.busy, 0.99) * 1000
    memory = f"{bench.idle_rss:.0f} MiB idle, {bench.busy_rss - bench.idle_rss:+.0f} MiB at most during runs"
    told = f"{len(waits)}: {', '.join(waits)}" if waits else "0"
    return [
        f"| {rows} rows deleted by the running homeserver | {bench.run_seconds:.0f} s | 300 s |",
        f"| lock waits of more than {_LOCK_MILLISECONDS} ms meanwhile, told by PostgreSQL | {told} | 0 |",
        f"| send, p99 without a run | {idle:.1f} ms of {len(bench.idle)} | |",
        f"| send, p99 during runs | {busy:.1f} ms of {len(bench.busy)}: {busy / idle:.2f} times | 1.2 times |",
        f"| memory of the process | {memory} | +50 MiB |",
    ]


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise RuntimeError(f"benchmark: {text}")
