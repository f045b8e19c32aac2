"""Homeservers that enforce a retention policy: one process on SQLite, and six on PostgreSQL; both stock otherwise."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from tests.retention.databases import Database, until_it_answers
from tests.retention.waiting import SETTINGS_OF_PREPARING, until, until_prepared
from tests.synapse.conftest import spec_in
from tests.synapse.ocsp_server import listening_pki
from tests.workers import require_workers
from tim_cli.audit import new_key
from tim_sandbox.homeserver import HomeserverSpec, homeserver_command, write_homeserver
from tim_sandbox.homeserver_client import HomeserverClient, MatrixUser
from tim_sandbox.pki import ListPki
from tim_sandbox.processes import Supervisor
from tim_sandbox.state import HomeserverState
from tim_sandbox.workers.postgres import new_postgres, postgres_directory
from tim_synapse.retention_table import create

RETENTION = "/_synapse/client/tim/v1/retention"


@dataclass
class RetentionServer:
    """A homeserver, its database and its supervisor."""

    client: HomeserverClient
    supervisor: Supervisor
    spec: HomeserverSpec
    admin: MatrixUser

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read from, or write into, the database of the running homeserver."""
        with closing(sqlite3.connect(self.spec.directory / "homeserver.db", timeout=30)) as database, database:
            return database.execute(sql, parameters).fetchall()

    async def user(self) -> MatrixUser:
        return await self.client.new_user(f"user-{uuid4().hex[:12]}", "password")

    async def status(self) -> dict[str, Any]:
        answer = await self.admin.request("GET", f"{RETENTION}/status")
        assert answer.status == 200, answer
        return dict(answer.body)

    async def run(self) -> dict[str, Any]:
        """Ask for a run and return the status after it."""
        before = (await self.status())["run_ended_ts"] or 0
        answer = await self.admin.request("POST", f"{RETENTION}/run")
        assert answer.status == 200, answer

        async def ended() -> bool:
            return ((await self.status())["run_ended_ts"] or 0) > before

        await until(ended)
        return await self.status()

    async def tim(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and error output of `tim`, asked as the administrator."""
        token_file = self.spec.directory / "token"
        token_file.write_text(self.admin.access_token + "\n")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tim_cli.main", *arguments),
            *("--url", self.client.client_url, "--token-file", str(token_file)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def restart(self) -> None:
        """Kill it, without warning, and start it again."""
        await self.supervisor.kill(self.spec.server_name)
        await self.start()

    async def start(self) -> None:
        await self.supervisor.start(self.spec.server_name, homeserver_command(self.spec.directory / "homeserver.yaml"))
        await self.supervisor.wait_until_ready(self.spec.server_name, self.client.is_healthy)


@asynccontextmanager
async def running_retention(
    directory: Path, base_port: int, pki: ListPki, retention: dict[str, Any]
) -> AsyncIterator[RetentionServer]:
    extra = {
        "stats": {"enabled": False},
        "media_retention": {"local_media_lifetime": "90d", "remote_media_lifetime": "14d"},
    } | SETTINGS_OF_PREPARING
    spec = replace(spec_in(directory, base_port, pki), extra=extra)
    module: Any = spec.modules[0]
    module["config"]["retention"] = retention
    new_key(spec.directory / "audit.key")
    module["config"]["audit"] = {"key_file": str(spec.directory / "audit.key")}
    state = HomeserverState(
        server_name=spec.server_name,
        organisation="",
        is_member=True,
        profile="pro-basis-1.2",
        client_port=spec.client_port,
        federation_port=spec.federation_port,
        registration_shared_secret=spec.registration_shared_secret,
        users=(),
    )
    write_homeserver(spec)
    supervisor = Supervisor(directory / "logs")
    async with aiohttp.ClientSession() as http:
        client = HomeserverClient(http, state)
        server = RetentionServer(client, supervisor, spec, None)  # type: ignore[arg-type] # there is none before the start
        try:
            await server.start()
            await until_prepared(server.query)
            server.admin = await client.new_user("admin", "password", is_admin=True)
            yield server
        finally:
            await supervisor.stop_all()


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["sqlite3", "psycopg2"])
async def empty_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[Database]:
    """A fresh database of each engine, with the janitor's tables."""
    if request.param == "sqlite3":
        with closing(Database("sqlite3", {"database": ":memory:"})) as opened:
            with opened.transaction() as txn:
                create(txn)
            yield opened
        return
    require_workers()
    supervisor = Supervisor(tmp_path_factory.mktemp("logs"))
    with postgres_directory() as directory:
        postgres = new_postgres(directory, new_base_port())
        await postgres.start(supervisor)
        try:
            settings = postgres.settings()["args"]
            arguments = {key: value for key, value in settings.items() if not key.startswith("cp_")}
            await until_it_answers(arguments)
            with closing(Database("psycopg2", arguments)) as opened:
                with opened.transaction() as txn:
                    create(txn)
                yield opened
        finally:
            await supervisor.stop_all()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def list_pki() -> AsyncIterator[ListPki]:
    async with listening_pki() as (pki, _):
        yield pki


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def enforcing(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int], list_pki: ListPki
) -> AsyncIterator[RetentionServer]:
    """Enforces `tim-1.2` with pages of ten rows, so that everything takes several."""
    retention = {"policy": "tim-1.2", "mode": "enforce", "batch_rows": 10}
    directory = tmp_path_factory.mktemp("retention")
    async with running_retention(directory, new_base_port(), list_pki, retention) as server:
        yield server
