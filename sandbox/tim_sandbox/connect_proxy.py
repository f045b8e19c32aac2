"""A CONNECT proxy on loopback: the homeservers find each other through it, without DNS and without root.

It knows the homeservers of the sandbox and refuses everything else. Its log is a wire-tap: one line for each
name that some homeserver tried to reach.
"""

import argparse
import asyncio
import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

_HOST = "127.0.0.1"
_FEDERATION_PORTS = {"443", "8448"}
_MAX_HEAD = 8192
_CHUNK = 65_536
_HEAD_TIMEOUT = 10.0


class ConnectProxy:
    """Tunnels `name:8448` and `name:443` to the loopback port of that homeserver.

    Args:
        routes: port by server name.
        tap: file to append one JSON object per request to (`at`, `destination`, `allowed`); None: no log.
    """

    def __init__(self, routes: Mapping[str, int], tap: Path | None) -> None:
        self._routes = routes
        self._tap = tap

    async def start(self, port: int) -> asyncio.Server:
        """Listen on the loopback `port` (0: any free one)."""
        return await asyncio.start_server(self._handle, _HOST, port, limit=_MAX_HEAD)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._tunnel(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the client went away or does not speak HTTP: nothing to answer
        finally:
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HEAD_TIMEOUT):
            head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.decode("latin-1").partition(" ")
        target = rest.partition(" ")[0].lower()
        name, _, port = target.rpartition(":")
        local_port = self._routes.get(name) if port in _FEDERATION_PORTS and method == "CONNECT" else None
        self._note(target, allowed=local_port is not None)
        if local_port is None:
            await _answer(writer, "403 Forbidden")
            return
        try:
            upstream = await asyncio.open_connection(_HOST, local_port)
        except OSError:
            await _answer(writer, "502 Bad Gateway")
            return
        await _answer(writer, "200 Connection established")
        await asyncio.gather(_pump(reader, upstream[1]), _pump(upstream[0], writer))

    def _note(self, destination: str, *, allowed: bool) -> None:
        if self._tap is None:
            return
        line = {"at": datetime.now(UTC).isoformat(), "destination": destination, "allowed": allowed}
        with self._tap.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


async def _answer(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _serve(proxy: ConnectProxy, port: int) -> None:
    async with await proxy.start(port) as server:
        await server.serve_forever()


def _route(text: str) -> tuple[str, int]:
    name, _, port = text.rpartition("=")
    return name, int(port)


def main() -> None:
    """Run the proxy as a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tim_sandbox.connect_proxy", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--route", type=_route, action="append", default=[], metavar="NAME=PORT")
    parser.add_argument("--tap", type=Path)
    arguments = parser.parse_args()
    asyncio.run(_serve(ConnectProxy(dict(arguments.route), arguments.tap), arguments.port))


if __name__ == "__main__":
    main()
