"""One homeserver whose list comes from the test itself."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from tests.synapse.database import Database
from tests.synapse.list_source import ListSource
from tests.synapse.ocsp_server import listening_pki
from tests.workers import require_workers
from tim_sandbox.homeserver import HomeserverSpec, homeserver_command, tim_module, write_homeserver
from tim_sandbox.homeserver_client import HomeserverClient, MatrixUser
from tim_sandbox.ocsp_responder import OcspResponder
from tim_sandbox.pki import ListPki
from tim_sandbox.pki_files import write_list_pki
from tim_sandbox.processes import Supervisor
from tim_sandbox.state import HomeserverState
from tim_sandbox.tls import certificate_pem, make_tls_ca, make_tls_leaf, write_tls_leaf
from tim_sandbox.workers.postgres import POSTGRES, new_postgres, postgres_directory

NAME = "allein.tim.test"
_REFRESHES = re.compile(r'^tim_federation_list_refreshes_total\{result="(\w+)"\} (\S+)$', re.MULTILINE)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pki_and_responder() -> AsyncIterator[tuple[ListPki, OcspResponder]]:
    async with listening_pki() as both:
        yield both


@pytest.fixture(scope="session")
def pki(pki_and_responder: tuple[ListPki, OcspResponder]) -> ListPki:
    return pki_and_responder[0]


@pytest.fixture(scope="session")
def responder(pki_and_responder: tuple[ListPki, OcspResponder]) -> OcspResponder:
    """Answers for the certificates of `pki`; a test that revokes one reinstates it."""
    return pki_and_responder[1]


def spec_in(
    directory: Path, base_port: int, pki: ListPki, residency: Mapping[str, Any] | None = None
) -> HomeserverSpec:
    """A homeserver with our module whose list source is `base_port + 2`; `residency` is that block."""
    write_list_pki(pki, directory / "pki")
    ca = make_tls_ca()
    (directory / "ca.pem").write_bytes(certificate_pem(ca))
    home = directory / "homeserver"
    home.mkdir()
    write_tls_leaf(make_tls_leaf(ca, NAME), home)
    module = tim_module("http://127.0.0.1", directory / "pki")
    module["config"]["federation_list"] |= {
        "source": {"url": f"http://127.0.0.1:{base_port + 2}/list.jws"},
        "refresh_interval": "1s",
        "retry_interval": "1s",
    }
    if residency is not None:
        module["config"]["residency"] = dict(residency)
    return HomeserverSpec(
        NAME, home, base_port, base_port + 1, base_port + 3, directory / "ca.pem", "secret", modules=(module,)
    )


@dataclass
class LoneServer:
    """The homeserver, its list source and its log."""

    client: HomeserverClient
    source: ListSource
    log: Path

    async def refreshed(self, result: str, times: int = 2) -> None:
        """Return after `times` more attempts to refresh the list ended with `result`."""
        wanted = await self._count(result) + times
        async with asyncio.timeout(30):
            while await self._count(result) < wanted:
                await asyncio.sleep(0.1)

    async def _count(self, result: str) -> float:
        return float(dict(_REFRESHES.findall(await self.client.metrics())).get(result, 0))

    def errors(self) -> list[str]:
        """Lines of the module's log from WARNING up."""
        return [
            line
            for line in self.log.read_text().splitlines()
            if "tim_synapse" in line and (" ERROR " in line or " WARNING " in line)
        ]

    async def user(self, *, is_admin: bool = False) -> MatrixUser:
        return await self.client.new_user(f"user-{uuid4().hex[:12]}", "password", is_admin=is_admin)


@asynccontextmanager
async def running_lone_server(
    directory: Path,
    base_port: int,
    pki: ListPki,
    residency: Mapping[str, Any] | None = None,
    modules: tuple[Mapping[str, Any], ...] = (),
    rules: Mapping[str, Any] | None = None,
) -> AsyncIterator[LoneServer]:
    """A homeserver that starts while its list source does not listen.

    Args:
        directory, base_port, pki, residency: see `spec_in`.
        modules: are loaded after ours.
        rules: what the operator changes.
    """
    spec = spec_in(directory, base_port, pki, residency)
    spec.modules[0]["config"]["rules"] = dict(rules or {})
    spec = replace(spec, modules=(*spec.modules, *modules))
    state = HomeserverState(
        server_name=NAME,
        organisation="",
        is_member=True,
        profile="pro-basis-1.2",
        client_port=spec.client_port,
        federation_port=spec.federation_port,
        registration_shared_secret=spec.registration_shared_secret,
        users=(),
    )
    supervisor = Supervisor(directory / "logs")
    async with aiohttp.ClientSession() as http:
        client = HomeserverClient(http, state)
        await supervisor.start(NAME, homeserver_command(write_homeserver(spec)))
        try:
            await supervisor.wait_until_ready(NAME, client.is_healthy)
            yield LoneServer(client, ListSource(pki, base_port + 2), directory / "logs" / f"{NAME}.log")
        finally:
            await supervisor.stop_all()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lone_server(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int], pki: ListPki
) -> AsyncIterator[LoneServer]:
    """A homeserver that adopted version 7 of a list with `friend.tim.test` from a source the test controls."""
    async with running_lone_server(tmp_path_factory.mktemp("lone"), new_base_port(), pki) as server:
        server.source.serve(7, "friend.tim.test")
        async with server.source.listening():
            await server.refreshed("ok", times=1)
            yield server


@pytest_asyncio.fixture(params=["sqlite3", "psycopg2"])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, new_base_port: Callable[[], int]
) -> AsyncIterator[Database]:
    """An empty database; PostgreSQL as in `worker_federation`."""
    if request.param == "sqlite3":
        yield Database({"name": "sqlite3", "args": {"database": str(tmp_path / "homeserver.db")}})
        return
    require_workers()
    supervisor = Supervisor(tmp_path)
    with postgres_directory() as directory:
        postgres = new_postgres(directory, new_base_port())
        await postgres.start(supervisor)
        try:
            database = Database(postgres.settings())
            await supervisor.wait_until_ready(POSTGRES, database.is_ready)
            yield database
        finally:
            await supervisor.stop_all()
