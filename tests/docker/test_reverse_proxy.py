"""The reverse proxies of `docker/`, as they stand there, in front of a real homeserver."""

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from yarl import URL

from tests.gate.raw_server import RawServer
from tests.synapse.matrix import new_room, say
from tim_sandbox.processes import Supervisor, accepts_connections
from tim_sandbox.running import Sandbox

DOCKER = Path(__file__).parents[2] / "docker"
PRAXIS = "praxis.tim.test"
_NGINX = """
error_log stderr;
pid {directory}/nginx.pid;
events {{}}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/tim.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A running proxy.

    Args:
        port: of clients.
        federation_port: of other homeservers.
        tls: trusts the sandbox's CA.
    """

    port: int
    federation_port: int
    tls: ssl.SSLContext

    async def request(self, method: str, path: str, **more: Any) -> tuple[int, Any, str]:
        """Status, headers and text; `path` is sent as it stands."""
        url = URL(f"https://127.0.0.1:{self.port}{path}", encoded=True)
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                method, url, ssl=self.tls, server_hostname=PRAXIS, allow_redirects=False, **_host(more)
            ) as answer,
        ):
            return answer.status, answer.headers, await answer.text()


def _host(more: dict[str, Any]) -> dict[str, Any]:
    return more | {"headers": {"Host": PRAXIS, **more.get("headers", {})}}


def written(name: str, directory: Path, tls: Path, port: int, behind: int) -> Path:
    """The proxy's file with the sandbox's names, certificate and ports, and nothing else changed."""
    text = (DOCKER / name).read_text(encoding="utf-8")
    for old, new in {
        "127.0.0.1:8008": f"127.0.0.1:{behind}",
        "example.org": PRAXIS,
        "/etc/tim/tls.crt": str(tls / "tls.crt"),
        "/etc/tim/tls.key": str(tls / "tls.key"),
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen 8448": f"listen 127.0.0.1:{port + 1}",
        f"https://{PRAXIS}:443": f"https://{PRAXIS}:{port}",
        f"https://{PRAXIS}:8448": f"https://{PRAXIS}:{port + 1}",
    }.items():
        text = text.replace(old, new)
    file = directory / ("tim.conf" if name == "nginx.conf" else name)
    file.write_text(text, encoding="utf-8")
    return file


def command_of(name: str, directory: Path, file: Path) -> list[str]:
    """How to run it in the foreground."""
    if name == "Caddyfile":
        return [_program("caddy"), "run", "--config", str(file), "--adapter", "caddyfile"]
    main = directory / "nginx.conf"
    main.write_text(_NGINX.format(directory=directory), encoding="utf-8")
    user = "user root; " if os.geteuid() == 0 else ""
    return [_program("nginx"), "-p", str(directory), "-c", str(main), "-g", f"{user}daemon off;"]


def _program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        if os.environ.get("TIM_REQUIRE_PROXY"):
            pytest.fail(f"{name} is not installed; on Debian: apt-get install nginx caddy")
        pytest.skip(f"{name} is not installed")
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["nginx.conf", "Caddyfile"])
async def start(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    federation: Sandbox,
    new_base_port: Callable[[], int],
) -> AsyncIterator[Callable[[int], Any]]:
    """Starts the proxy in front of a port."""
    supervisor = Supervisor(tmp_path_factory.mktemp("logs"))

    async def start_in_front_of(behind: int) -> Proxy:
        directory, port, part = tmp_path_factory.mktemp("proxy"), new_base_port(), f"proxy-{uuid4().hex[:6]}"
        file = written(request.param, directory, federation.layout.homeserver(PRAXIS), port, behind)
        await supervisor.start(part, command_of(request.param, directory, file))
        await supervisor.wait_until_ready(part, lambda: accepts_connections(port))
        tls = ssl.create_default_context(cafile=str(federation.layout.tls_ca_file))
        return Proxy(port, port + 1, tls)

    try:
        yield start_in_front_of
    finally:
        await supervisor.stop_all()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def proxy(start: Callable[[int], Any], federation: Sandbox) -> Proxy:
    result: Proxy = await start(federation.homeserver(PRAXIS).state.client_port)
    return result


HIDDEN = (
    "/_synapse/admin/v1/server_version",
    "/_synapse/admin/v2/users",
    "/_synapse/metrics",
    "/health",
    "/",
    "/.well-known/acme",
    "//_synapse/admin/v1/server_version",
    "/_matrix/../_synapse/admin/v1/server_version",
    "/_matrix/%2e%2e/_synapse/admin/v1/server_version",
    "/_matrix/x/..%2F..%2F_synapse/admin/v1/server_version",
    "/_matrix/..;/_synapse/admin/v1/server_version",
    "/%5Fsynapse/admin/v1/server_version",
    "/_synapse/%61dmin/v1/server_version",
    "/_synapse/client/../admin/v1/server_version",
    "/_synapse/client/%2e%2e/admin/v1/server_version",
)


@pytest.mark.parametrize("path", HIDDEN)
async def test_what_is_not_for_the_internet_is_not_there(proxy: Proxy, path: str) -> None:
    status, _, text = await proxy.request("GET", path)
    assert status in {400, 404}, (status, text)
    assert "server_version" not in text
    assert "python" not in text.lower()


async def test_clients_and_servers_get_through(proxy: Proxy, federation: Sandbox) -> None:
    assert (await proxy.request("GET", "/_matrix/client/versions"))[0] == 200
    assert (await proxy.request("GET", "/.well-known/matrix/server"))[0] == 200
    assert (await proxy.request("GET", "/.well-known/matrix/client"))[0] == 200
    status, headers, _ = await proxy.request("OPTIONS", "/_matrix/client/v3/sync")
    assert status == 204
    assert "X-TIM-User-Agent" in headers["Access-Control-Allow-Headers"]
    user = await federation.homeserver(PRAXIS).new_user(f"user-{uuid4().hex[:8]}", "password")
    token = {"Authorization": f"Bearer {user.access_token}"}
    room_id = await new_room(user, room_version="10")
    path = f"/_matrix/client/v3/rooms/{quote(room_id, safe='')}/state/m.room.create"
    assert (await proxy.request("GET", path, headers=token))[0] == 200
    picture = os.urandom(2 * 1024 * 1024)
    assert (await proxy.request("POST", "/_matrix/media/v3/upload", headers=token, data=picture))[0] == 200


async def test_a_signed_request_arrives_as_it_was_signed(proxy: Proxy, federation: Sandbox) -> None:
    user = await federation.homeserver(PRAXIS).new_user(f"user-{uuid4().hex[:8]}", "password")
    event_id = await say(user, await new_room(user), "Guten Tag")
    key = federation.layout.homeserver("pflege.tim.test") / "signing.key"
    connector = aiohttp.TCPConnector(ssl=proxy.tls, resolver=_Loopback())
    async with aiohttp.ClientSession(connector=connector) as http:
        base = f"https://{PRAXIS}:{proxy.federation_port}"
        raw = RawServer("pflege.tim.test", key, PRAXIS, base, http)
        assert (await raw.request("GET", "/_matrix/federation/v1/version")).status == 200
        who = quote(user.user_id, safe="")
        assert (await raw.request("GET", f"/_matrix/federation/v1/query/profile?user_id={who}")).status == 200
        # Not in the room: refused, but not for its signature (401).
        assert (await raw.request("GET", f"/_matrix/federation/v1/event/{quote(event_id, safe='')}")).status == 403


class _Loopback(aiohttp.abc.AbstractResolver):
    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:  # noqa: ARG002 - the interface
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None: ...


async def test_headers_are_clean_in_both_directions(
    start: Callable[[int], Any], new_base_port: Callable[[], int]
) -> None:
    """What Synapse would get to see, and what the client gets to see."""
    seen: list[Any] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.headers.copy())
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    port = new_base_port()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        proxy = await start(port)
        lies = {
            "X-Forwarded-For": "9.9.9.9",
            "X-Forwarded-Proto": "http",
            "X-Real-IP": "9.9.9.9",
            "Forwarded": "for=9.9.9.9",
        }
        _, headers, _ = await proxy.request("GET", "/_matrix/client/versions", headers=lies)
    finally:
        await asyncio.wait_for(runner.cleanup(), 10)
    (request,) = seen
    assert (request["X-Forwarded-For"], request["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert request["Host"].partition(":")[0] == PRAXIS
    assert "9.9.9.9" not in str(request)
    assert not any(character.isdigit() for character in headers.get("Server", ""))
