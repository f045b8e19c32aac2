"""A homeserver whose days pass in seconds, one process on SQLite or six on PostgreSQL, and a look at its database."""
# ruff: noqa: S608 - the names of tables are those of the database

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from synapse.storage.engines import PostgresEngine, create_engine

from tests.retention.shifted_clock import write_offset
from tests.retention.waiting import SETTINGS_OF_PREPARING, until, until_prepared
from tim_cli.audit import new_key
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver import tim_module
from tim_sandbox.homeserver_client import HomeserverClient, MatrixUser
from tim_sandbox.members import PRAXIS
from tim_sandbox.running import Sandbox

RETENTION = "/_synapse/client/tim/v1/retention"
NAME = PRAXIS.server_name


@dataclass
class MonthServer:
    """The homeserver; `clock` is the file of `ShiftedClock`."""

    sandbox: Sandbox
    clock: Path
    admin: MatrixUser
    passed: timedelta = field(default_factory=timedelta)

    @property
    def client(self) -> HomeserverClient:
        return self.sandbox.homeserver(NAME)

    async def status(self) -> dict[str, Any]:
        answer = await self.admin.request("GET", f"{RETENTION}/status")
        assert answer.status == 200, answer
        return dict(answer.body)

    async def run(self) -> dict[str, Any]:
        """Ask for a run and return the status after it."""
        before = (await self.status())["run_ended_ts"] or 0
        assert (await self.admin.request("POST", f"{RETENTION}/run")).status == 200
        return await self._ended_after(before)

    async def let_pass(self, time: timedelta) -> dict[str, Any]:
        """Move the clock and return the status after the run that falls due."""
        await self._ended_after(0)
        before = (await self.status())["run_ended_ts"]
        self.passed += time
        write_offset(self.clock, self.passed.total_seconds())
        return await self._ended_after(before + round(time.total_seconds() * 1000) // 2)

    async def _ended_after(self, instant: int) -> dict[str, Any]:
        async def ended() -> bool:
            return ((await self.status())["run_ended_ts"] or 0) > instant

        await until(ended)
        return await self.status()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask, or change, the database of the running homeserver."""
        settings = yaml.safe_load((self.sandbox.layout.homeserver(NAME) / "homeserver.yaml").read_text())["database"]
        engine = create_engine(settings)
        arguments = {key: value for key, value in settings["args"].items() if not key.startswith("cp_")}
        with closing(engine.module.connect(**arguments)) as connection, connection:
            cursor = connection.cursor()
            cursor.execute(engine.convert_param_style(sql), tuple(parameters))
            return [] if cursor.description is None else [tuple(row) for row in cursor.fetchall()]

    @property
    def is_on_postgres(self) -> bool:
        settings = yaml.safe_load((self.sandbox.layout.homeserver(NAME) / "homeserver.yaml").read_text())["database"]
        return isinstance(create_engine(settings), PostgresEngine)

    def places(self, texts: Iterable[str]) -> dict[str, set[str]]:
        """For each text every table and column of the whole database that has it somewhere."""
        found: dict[str, set[str]] = {text: set() for text in texts}
        for table in self._tables():
            columns = self._columns(table)
            for row in self.query(f'SELECT * FROM "{table}"'):
                for column, value in zip(columns, row, strict=True):
                    written = _written(value)
                    for text, places in found.items():
                        if text in written:
                            places.add(f"{table}.{column}")
        return found

    def _tables(self) -> list[str]:
        if self.is_on_postgres:
            sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        else:
            sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
        return [name for (name,) in self.query(sql)]

    def _columns(self, table: str) -> list[str]:
        if self.is_on_postgres:
            sql = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
            found = self.query(f"{sql} AND table_name = ? ORDER BY ordinal_position", (table,))
            return [name for (name,) in found]
        return [name for _, name, *_ in self.query(f'PRAGMA table_info("{table}")')]


def _written(value: Any) -> str:
    if isinstance(value, memoryview | bytes):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


@asynccontextmanager
async def running_month(
    directory: Path, base_port: int, retention: dict[str, Any], *, on_workers: bool
) -> AsyncIterator[MonthServer]:
    """Start it; its clock is right at first."""
    clock = directory / "clock"
    write_offset(clock, 0)
    key = directory / "audit.key"
    new_key(key)
    sandbox_directory = directory / "sandbox"
    module = tim_module(f"http://127.0.0.1:{base_port}", sandbox_directory.resolve() / "pki")
    # Its signatures are of today, and this homeserver will not live today.
    module["config"]["federation_list"]["source"] = {"file": str(directory / "no-list.jws")}
    module["config"]["retention"] = retention
    module["config"]["audit"] = {"key_file": str(key)}
    extra = {
        "modules": [{"module": "tests.retention.shifted_clock.ShiftedClock", "config": {"file": str(clock)}}, module],
        "stats": {"enabled": False},
        "media_retention": {"local_media_lifetime": "7d", "remote_media_lifetime": "7d"},
        "federation_domain_whitelist": [],
    } | SETTINGS_OF_PREPARING
    plan = Plan(
        sandbox_directory,
        base_port,
        members=(PRAXIS,),
        with_bot=False,
        extra={NAME: extra},
        on_workers=NAME if on_workers else None,
    )
    async with running_sandbox(plan) as sandbox:
        admin = await sandbox.homeserver(NAME).new_user("aufsicht", "password", is_admin=True)
        server = MonthServer(sandbox, clock, admin)
        await until_prepared(server.query)
        yield server
