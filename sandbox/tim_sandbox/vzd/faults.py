"""Faults on demand: what a directory does to its callers on a bad day. Not part of any VZD."""

import asyncio
import enum
from collections.abc import Awaitable, Callable

from aiohttp import web

from tim_sandbox.vzd.registry import Refusal

FAULTS_PATH = "/sandbox/fault"
SLOW_SECONDS = 30.0
_LOOPBACK = ("127.0.0.1", "::1")
_LIST = "federationList.jws"


class Fault(enum.StrEnum):
    """What goes wrong; revoked certificates are switched in `ocsp_service`."""

    SLOW = "slow"
    UNAVAILABLE = "unavailable"
    GARBAGE = "garbage"
    WRONG_SIGNATURE = "wrong-signature"
    STALE_LIST = "stale-list"


class Faults:
    """The faults that are switched on, in memory only: a restart ends them.

    Args:
        authorise: lets a caller use the switch, or raises Refusal.
        slow_seconds: how long `slow` keeps a caller waiting.
    """

    def __init__(self, authorise: Callable[[web.Request], str], slow_seconds: float = SLOW_SECONDS) -> None:
        self._authorise = authorise
        self._slow_seconds = slow_seconds
        self._active = set[Fault]()
        self._last_list: dict[str, bytes] = {}

    def add_routes(self, app: web.Application) -> None:
        """`GET` lists what is on, `PUT` and `DELETE` switch one."""
        app.router.add_get(FAULTS_PATH, self.show)
        app.router.add_put(FAULTS_PATH + "/{fault}", self.switch_on)
        app.router.add_delete(FAULTS_PATH + "/{fault}", self.switch_off)

    async def show(self, request: web.Request) -> web.Response:
        """Names of the faults that are on."""
        self._authorised(request)
        return web.json_response(sorted(self._active))

    async def switch_on(self, request: web.Request) -> web.Response:
        """From now on; `stale-list` keeps on serving each signature algorithm's list as it was last asked for."""
        self._active.add(self._named(request))
        return web.Response(status=204)

    async def switch_off(self, request: web.Request) -> web.Response:
        """From now on no more."""
        self._active.discard(self._named(request))
        return web.Response(status=204)

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answers as the faults want; the switches themselves and the OCSP responder go on as ever."""
        if request.path.startswith(("/sandbox/", "/ocsp")):
            return await handler(request)
        if Fault.SLOW in self._active:
            await asyncio.sleep(self._slow_seconds)
        if Fault.UNAVAILABLE in self._active:
            raise Refusal(503, "a fault is switched on: unavailable")
        if Fault.GARBAGE in self._active:
            return web.Response(body=b'{"resourceType": ["\xff', content_type="application/fhir+json")
        response = await handler(request)
        is_list = request.path.endswith(_LIST) and response.status == web.HTTPOk.status_code
        if is_list and isinstance(response, web.Response) and isinstance(response.body, bytes):
            response.body = self._list(request.query.get("sigAlg", ""), response.body)
        return response

    def _list(self, alg: str, body: bytes) -> bytes:
        if Fault.STALE_LIST in self._active:
            body = self._last_list.setdefault(alg, body)
        else:
            self._last_list[alg] = body
        return _with_wrong_signature(body) if Fault.WRONG_SIGNATURE in self._active else body

    def _named(self, request: web.Request) -> Fault:
        self._authorised(request)
        try:
            return Fault(request.match_info["fault"])
        except ValueError:
            raise Refusal(404, "no such fault", (("fault", " or ".join(Fault)),)) from None

    def _authorised(self, request: web.Request) -> None:
        if request.remote not in _LOOPBACK:
            raise Refusal(403, "faults are switched from this machine only")
        self._authorise(request)


def _with_wrong_signature(jws: bytes) -> bytes:
    """The same list with a well-formed signature over something else."""
    head, dot, signature = jws.rpartition(b".")
    return head + dot + (b"B" if signature[:1] != b"B" else b"C") + signature[1:]
