"""A source of federation lists that a test can make answer anything."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tim_sandbox.federation_list import sign_federation_list
from tim_sandbox.pki import ListPki


class ListSource:
    """Serves `/list.jws`; `requests` remembers the query of each request.

    Args:
        pki: signs the lists of `serve`.
        port: on loopback; 0: a free one, `url` tells once it listens.
    """

    def __init__(self, pki: ListPki, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/list.jws"
        self.requests: list[dict[str, str]] = []
        self._pki = pki
        self._port = port
        self._body = b""
        self._status = 200

    def serve(self, version: int, *server_names: str, insurers: Mapping[str, str] | None = None) -> None:
        """Answer with a genuine list; see `signed`."""
        self.serve_raw(self.signed(version, *server_names, insurers=insurers))

    def signed(self, version: int, *server_names: str, insurers: Mapping[str, str] | None = None) -> bytes:
        """A genuine list of professionals' servers, and of insurers' servers with their IK numbers."""
        entries: list[dict[str, Any]] = [
            {"domain": name, "telematikID": "1-20", "isInsurance": False} for name in server_names
        ]
        for name, ik_number in (insurers or {}).items():
            entries.append({"domain": name, "telematikID": "8-01", "isInsurance": True, "ik": [ik_number]})
        return sign_federation_list({"version": version, "domainList": entries}, self._pki.signer)

    def serve_raw(self, body: bytes, status: int = 200) -> None:
        """Answer with these bytes."""
        self._body, self._status = body, status

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Accept connections while the context is open."""
        app = web.Application()
        app.router.add_get("/list.jws", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/list.jws"
        try:
            yield
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        self.requests.append(dict(request.query))
        return web.Response(body=self._body, status=self._status, content_type="application/octet-stream")
