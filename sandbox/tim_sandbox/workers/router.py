"""The reverse proxy in front of the workers: two listeners, one table that says which process answers what.

Paths are those of Synapse's documentation for workers; whatever has one writer, or is in no line, goes to the
main process.
"""

import argparse
import asyncio
import re
import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tim_sandbox.workers.settings import CLIENT_READER, FEDERATION_READER, MAIN, MEDIA

_HOST = "127.0.0.1"
_MAX_BODY = 100 * 1024 * 1024
_MAX_HEAD = 32 * 1024
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer"}
_CLIENT = r"/_matrix/client/(?:api/v1|r0|v3|unstable|v1)"
_ROOM_ACTIONS = "send|state|join|invite|leave|ban|unban|kick|members|joined_members|messages|event|context|redact"
_CLIENT_PATHS = (
    rf"sync$|createRoom$|join/|knock/|joined_rooms$|publicRooms$|login$|keys/(?:query|claim|changes)$|profile/"
    rf"|user_directory/search$|directory/room/|rooms/[^/]+/(?:{_ROOM_ACTIONS}|hierarchy|relations|aliases)(?:/|$)"
)
ROUTES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/_matrix/media/|/_matrix/client/v1/media/|/_matrix/federation/v1/media/"), MEDIA),
    (re.compile(r"/_synapse/admin/v1/(?:purge_media_cache|quarantine_media|media)(?:/|$)"), MEDIA),
    (re.compile(r"/_synapse/admin/v1/(?:room|user|users)/[^/]+/media(?:/|$)"), MEDIA),
    # Only the main process has the OpenID tokens; the reader answers 500.
    (re.compile(r"/_matrix/federation/v1/openid/"), MAIN),
    (re.compile(r"/_matrix/(?:federation|key)/"), FEDERATION_READER),
    (re.compile(rf"{_CLIENT}/(?:{_CLIENT_PATHS})"), CLIENT_READER),
)
"""First match wins; matched at the start of the path as it was received."""


def process_for(path: str) -> str:
    """Name of the process that answers `path` (percent-encoded, without query)."""
    return next((name for pattern, name in ROUTES if pattern.match(path)), MAIN)


class Router:
    """Forwards requests byte for byte, signed ones of other servers included.

    Args:
        ports: loopback port by name of the process.
    """

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._http: aiohttp.ClientSession | None = None

    async def serve(self, client_port: int, federation_port: int, tls: ssl.SSLContext) -> None:
        """Listen until cancelled: without TLS on `client_port`, with TLS on `federation_port`."""
        app = web.Application(client_max_size=_MAX_BODY, handler_args={"max_line_size": _MAX_HEAD})
        app.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        # A long poll lasts as long as the client waits, so there is no time limit here.
        async with aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)) as http:
            self._http = http
            try:
                await web.TCPSite(runner, _HOST, client_port).start()
                await web.TCPSite(runner, _HOST, federation_port, ssl_context=tls).start()
                await asyncio.Event().wait()
            finally:
                await runner.cleanup()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        if self._http is None:
            raise web.HTTPServiceUnavailable
        port = self._ports[process_for(request.raw_path.partition("?")[0])]
        url = URL(f"http://{_HOST}:{port}{request.raw_path}", encoded=True)
        body = await request.read()
        headers = _end_to_end(request.headers)
        try:
            async with self._http.request(
                request.method, url, headers=headers, data=body or None, allow_redirects=False
            ) as answer:
                content = await answer.read()
                return web.Response(status=answer.status, headers=_end_to_end(answer.headers), body=content)
        except aiohttp.ClientError:
            return web.json_response({"errcode": "M_UNKNOWN", "error": "the process does not answer"}, status=502)


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP)


def _process(text: str) -> tuple[str, int]:
    name, _, port = text.partition("=")
    return name, int(port)


def main() -> None:
    """Run the router as a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tim_sandbox.workers.router", description=__doc__)
    parser.add_argument("--client-port", type=int, required=True)
    parser.add_argument("--federation-port", type=int, required=True)
    parser.add_argument("--tls-directory", type=Path, required=True, help="holds tls.crt and tls.key")
    parser.add_argument("--process", type=_process, action="append", default=[], metavar="NAME=PORT")
    arguments = parser.parse_args()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(arguments.tls_directory / "tls.crt", arguments.tls_directory / "tls.key")
    router = Router(dict(arguments.process))
    asyncio.run(router.serve(arguments.client_port, arguments.federation_port, tls))


if __name__ == "__main__":
    main()
