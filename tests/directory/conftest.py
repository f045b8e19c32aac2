"""The stand-in directory, and one whose answers the test writes."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from tim_directory.transport import Limits, Transport
from tim_sandbox.pki import make_list_pki
from tim_sandbox.pki_files import write_list_pki
from tim_sandbox.state import write_secret
from tim_sandbox.vzd.app import Vzd
from tim_sandbox.vzd.config import CONFIG_FILE, VzdConfig

OURS, SECRET = "ours", "our-token"
SERVER = "praxis.tim.test"


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest_asyncio.fixture
async def homeserver() -> AsyncIterator[TestServer]:
    """What a directory asks whose token it is."""

    async def userinfo(request: web.Request) -> web.Response:
        if request.query["access_token"] != "openid":
            return web.json_response({"errcode": "M_UNKNOWN_TOKEN"}, status=401)
        return web.json_response({"sub": f"@anna:{SERVER}"})

    app = web.Application()
    app.router.add_get("/_matrix/federation/v1/openid/userinfo", userinfo)
    server = TestServer(app)
    async with server:
        yield server


@pytest_asyncio.fixture
async def vzd(tmp_path: Path, homeserver: TestServer) -> AsyncIterator[TestServer]:
    """The stand-in, with OCSP."""
    port = unused_port()
    write_list_pki(make_list_pki(ocsp_url=f"http://127.0.0.1:{port}/ocsp"), tmp_path / "pki")
    config = VzdConfig(
        provider_tokens={OURS: SECRET, "theirs": "their-token"},
        homeserver_urls={SERVER: str(homeserver.make_url("")).rstrip("/")},
        pki_directory=tmp_path / "pki",
    )
    write_secret(tmp_path / CONFIG_FILE, config.model_dump_json())
    server = TestServer(Vzd(tmp_path).application(), port=port)
    async with server:
        yield server


def url_of(server: TestServer) -> str:
    return str(server.make_url("")).rstrip("/")


class Scripted:
    """A directory that answers what the test wants, and notes what it was asked."""

    def __init__(self) -> None:
        self.answers: list[web.Response | Callable[[web.Request], Any]] = []
        self.asked: list[tuple[str, str, str]] = []
        self.url = ""
        self.paused: list[float] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.asked.append((request.method, str(request.rel_url), body))
        answer = self.answers.pop(0)
        if isinstance(answer, web.Response):
            return answer
        made: web.StreamResponse = await answer(request)
        return made

    async def sleep(self, seconds: float) -> None:
        self.paused.append(seconds)


@pytest_asyncio.fixture
async def scripted() -> AsyncIterator[Scripted]:
    script = Scripted()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.handle)
    server = TestServer(app)
    async with server:
        script.url = url_of(server)
        yield script


@pytest.fixture
def transport(scripted: Scripted, http: aiohttp.ClientSession) -> Transport:
    return Transport(http, scripted.url, Limits(seconds=0.5, max_bytes=4096), scripted.sleep)
