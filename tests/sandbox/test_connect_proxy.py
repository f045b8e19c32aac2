"""The proxy between the homeservers."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tim_sandbox.connect_proxy import ConnectProxy


class Running:
    """A proxy in front of an echo server for praxis.tim.test; apotheke.tim.test is down."""

    def __init__(self, port: int, tap: Path) -> None:
        self.port = port
        self.tap = tap

    async def ask(self, request: str, then: bytes = b"") -> tuple[str, bytes]:
        """Send `request` and, once there is a tunnel, `then`; the status line and what came through it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{request}\r\n\r\n".encode())
        status = (await reader.readline()).decode().strip()
        through = b""
        if " 200 " in status:
            await reader.readline()
            writer.write(then)
            through = await reader.readexactly(len(then))
        writer.close()
        return status, through


@pytest_asyncio.fixture
async def proxy(tmp_path: Path, unused_tcp_port_factory: object) -> AsyncIterator[Running]:
    assert callable(unused_tcp_port_factory)
    dead_port = unused_tcp_port_factory()
    echo = await asyncio.start_server(_echo, "127.0.0.1", 0)
    echo_port = echo.sockets[0].getsockname()[1]
    tap = tmp_path / "tap.jsonl"
    routes = {"praxis.tim.test": echo_port, "apotheke.tim.test": dead_port}
    async with await ConnectProxy(routes, tap).start(0) as server:
        yield Running(server.sockets[0].getsockname()[1], tap)
    echo.close()


@pytest.mark.parametrize("target", ["praxis.tim.test:8448", "praxis.tim.test:443", "PRAXIS.tim.test:8448"])
async def test_it_tunnels_to_a_homeserver_of_the_sandbox(proxy: Running, target: str) -> None:
    status, through = await proxy.ask(f"CONNECT {target} HTTP/1.1", b"hello")
    assert status == "HTTP/1.1 200 Connection established"
    assert through == b"hello"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("CONNECT praxis.tim.test:22 HTTP/1.1", 403),
        ("CONNECT praxis.tim.test HTTP/1.1", 403),
        ("CONNECT example.org:443 HTTP/1.1", 403),
        ("CONNECT 127.0.0.1:443 HTTP/1.1", 403),
        ("GET http://praxis.tim.test:443/ HTTP/1.1", 403),
        ("CONNECT apotheke.tim.test:8448 HTTP/1.1", 502),
    ],
)
async def test_it_refuses_everything_else(proxy: Running, request_line: str, status: int) -> None:
    answer, _ = await proxy.ask(request_line)
    assert answer.split(" ")[1] == str(status)


async def test_the_tap_tells_whom_somebody_tried_to_reach(proxy: Running) -> None:
    await proxy.ask("CONNECT praxis.tim.test:443 HTTP/1.1", b"x")
    await proxy.ask("CONNECT example.org:443 HTTP/1.1")
    lines = [json.loads(line) for line in proxy.tap.read_text().splitlines()]
    assert [(line["destination"], line["allowed"]) for line in lines] == [
        ("praxis.tim.test:443", True),
        ("example.org:443", False),
    ]


async def test_what_is_not_http_does_not_disturb_it(proxy: Running) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"\x16\x03\x01" * 10_000)
    writer.close()
    status, _ = await proxy.ask("CONNECT praxis.tim.test:443 HTTP/1.1", b"x")
    assert " 200 " in status


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1024):
        writer.write(data)
    writer.close()
