"""Lists as long as the federation will ever be, and a source that serves them."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

from tim_sandbox.federation_list import sign_federation_list
from tim_sandbox.pki import Identity

SERVERS = 100_000
_INSURER_EVERY = 1000
_FIRST_IK = 100_000_000


def long_list_names(count: int = SERVERS) -> list[str]:
    """Server names as providers hand them out."""
    return [f"praxis-{number:06d}.tim.example-provider.de" for number in range(count)]


def signed_list(version: int, server_names: Iterable[str], signer: Identity) -> bytes:
    """A genuine list; every 1000th server is an insurer's, as in the real one."""
    entries = []
    for number, server_name in enumerate(server_names):
        is_insurance = number % _INSURER_EVERY == _INSURER_EVERY - 1
        entry = {
            "domain": server_name,
            "telematikID": f"1-2{number:012d}",
            "timAnbieter": "ORG-0001:BT-0001",
            "isInsurance": is_insurance,
        }
        entries.append(entry | {"ik": [str(_FIRST_IK + number)]} if is_insurance else entry)
    return sign_federation_list({"version": version, "domainList": entries}, signer)


class ListSource:
    """Serves the list that was set last at `/list.jws`, and 204 to whoever has it already.

    Args:
        port: on loopback.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/list.jws"
        self.served_at: dict[int, float] = {}
        """When a version was handed out for the first time, by `time.monotonic()`."""
        self._port = port
        self._version = 0
        self._document = b""

    def serve(self, version: int, document: bytes) -> None:
        """Answer with `document` from now on."""
        self._version, self._document = version, document

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Accept connections while the context is open."""
        app = web.Application()
        app.router.add_get("/list.jws", self._handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        if int(request.query.get("version", -1)) >= self._version:
            return web.Response(status=web.HTTPNoContent.status_code)
        self.served_at.setdefault(self._version, time.monotonic())
        return web.Response(body=self._document, content_type="application/octet-stream")
