"""Asks the rules about a request before Synapse does anything with it: read at 1.163.2, tried at every start.

Synapse lets modules add paths, not judge its own. The hook stands where each HTTP site of the process, listeners of
workers included, looks up who answers a request. A request that no rule looks at costs one search in its path.

`tim_synapse.private` says what this file may do and why.
"""
# ruff: noqa: SLF001 - this file exists to keep these accesses in one place

import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from synapse.api.errors import SynapseError
from synapse.config.server import HttpListenerConfig, TCPListenerConfig
from synapse.federation.transport.server._base import Authenticator
from synapse.http.server import OptionsResource, set_cors_headers
from synapse.http.site import SynapseRequest, SynapseSite
from synapse.logging.context import run_in_background
from synapse.module_api import ModuleApi, Requester
from synapse.module_api.errors import ConfigError as SynapseConfigError
from synapse.types import UserID
from twisted.internet.testing import StringTransport
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from tim_policy.decision import FORBIDDEN, Reason
from tim_policy.errors import ConfigError
from tim_synapse.texts import CLIENT_TEXT

logger = logging.getLogger(__name__)

Judge = Callable[[SynapseRequest], Awaitable[SynapseError | None]]
"""The answer to a request that is refused; None: Synapse answers it."""

ALLOWED_HEADERS = b"X-TIM-User-Agent, Mxid"
"""Every TI-M client sends the first (A_23104-02), the contact list takes the second: browsers ask whether they may."""

_site_of = SynapseSite.getResourceFor


def put_in_front(api: ModuleApi, may_be_judged: re.Pattern[bytes], judge: Judge) -> None:
    """Have all requests judged from now on whose path matches; the path is decoded and has no query.

    Args:
        api: Synapse's module interface.
        may_be_judged: searched for in the path of every request.
        judge: asked about those that match.

    Raises:
        ConfigError: this Synapse answers requests another way; it is not started.
    """
    if not _proves_itself(api):
        raise ConfigError("this Synapse does not let requests be judged before it answers; use a tested version")
    _install(may_be_judged, judge)


def _install(may_be_judged: re.Pattern[bytes], judge: Judge) -> None:
    def getResourceFor(site: SynapseSite, request: Any) -> Any:  # noqa: N802 - Twisted's name
        behind = _site_of(site, request)
        if isinstance(behind, OptionsResource):
            return _PREFLIGHT if request.method == b"OPTIONS" else behind
        path = request.path
        if may_be_judged.search(unquote_to_bytes(path) if b"%" in path else path) is None:
            return behind
        return _Front(behind, judge)

    SynapseSite.getResourceFor = getResourceFor  # type: ignore[method-assign,assignment] # what this file is for


class _Front(Resource):
    """Answers a request that is refused, and hands every other one on."""

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, behind: Any, judge: Judge) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Twisted
        self._behind = behind
        self._judge = judge

    def render(self, request: Any) -> int:
        """Called by Twisted, in the logging context of the request."""
        run_in_background(self._render, request)
        return NOT_DONE_YET

    async def _render(self, request: Any) -> None:
        try:
            error = await self._judge(request)
        except Exception as failure:  # noqa: BLE001 - fail closed, whatever it is
            logger.error("request not judged error=%s", type(failure).__name__)
            error = SynapseError(FORBIDDEN.status, CLIENT_TEXT[Reason.INTERNAL_ERROR], FORBIDDEN.errcode)
        if error is not None:
            with request.processing():
                _answer(request, error)
            return
        body = self._behind.render(request)
        if isinstance(body, bytes):
            request.write(body)
            request.finish()


class _Preflight(OptionsResource):
    """As Synapse answers browsers who ask what they may send, and two headers more."""

    def render_OPTIONS(self, request: Any) -> bytes:  # noqa: N802 - Twisted's name
        body = super().render_OPTIONS(request)
        name = b"Access-Control-Allow-Headers"
        (allowed,) = request.responseHeaders.getRawHeaders(name) or [b""]
        request.setHeader(name, b", ".join(filter(None, (allowed, ALLOWED_HEADERS))))
        return body


_PREFLIGHT = _Preflight()  # type: ignore[no-untyped-call] # Twisted


def _answer(request: Any, error: SynapseError) -> None:
    if request._disconnected:
        return
    body = json.dumps(error.error_dict(None)).encode("ascii")
    request.setResponseCode(error.code)
    request.setHeader(b"Content-Type", b"application/json")
    request.setHeader(b"Content-Length", str(len(body)).encode("ascii"))
    request.setHeader(b"Cache-Control", b"no-cache, no-store, must-revalidate")
    set_cors_headers(request)
    request.write(body)
    request.finish()


# --- Proof at start ---

_PROBE = b"/_tim_probe"
_BEHIND = b"behind"


def _proves_itself(api: ModuleApi) -> bool:
    """Whether a site of this Synapse refuses and lets pass as a judge says, and asks nobody about other paths."""
    probe = re.compile(rb"\A" + _PROBE + rb"\Z")

    async def refuse(_: SynapseRequest) -> SynapseError:
        return SynapseError(418, "probe")

    async def allow(_: SynapseRequest) -> None:
        return None

    found = []
    for judge, path in ((refuse, _PROBE), (refuse, b"/%5Ftim_probe"), (refuse, b"/x"), (allow, _PROBE)):
        _install(probe, judge)
        found.append(_exchange(api, path))
    refused = [head.startswith(b"HTTP/1.1 418") and _BEHIND not in head for head in found]
    passed = [head.startswith(b"HTTP/1.1 200") and _BEHIND in head for head in found]
    return refused == [True, True, False, False] and passed == [False, False, True, True]


def _exchange(api: ModuleApi, path: bytes) -> bytes:
    """One request and its answer, in memory."""

    class Behind(Resource):
        isLeaf = True  # noqa: N815 - Twisted's name

        def render(self, request: Any) -> bytes:  # noqa: ARG002 - Twisted's signature
            return _BEHIND

    resource: Any = Behind()  # type: ignore[no-untyped-call] # Twisted
    site = SynapseSite(
        logger_name="tim_synapse.probe",
        site_tag="probe",
        config=TCPListenerConfig(port=1, bind_addresses=[], type="http", http_options=HttpListenerConfig()),
        resource=resource,
        server_version_string="",
        max_request_body_size=1024,
        reactor=api._hs.get_reactor(),
        hs=api._hs,
    )
    transport = StringTransport()  # type: ignore[no-untyped-call] # Twisted
    channel = site.buildProtocol(None)
    channel.makeConnection(transport)  # type: ignore[no-untyped-call] # Twisted
    channel.dataReceived(b"GET " + path + b" HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")  # type: ignore[no-untyped-call] # Twisted
    channel.connectionLost(SynapseConfigError("over"))  # type: ignore[arg-type] # any reason
    value: bytes = transport.value()  # type: ignore[no-untyped-call] # Twisted
    return value


# --- Who asks, and what is known about it ---


class Asker:
    """Finds out who sent a request, by Synapse's own means.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api
        self._auth = api._hs.get_auth()
        self._authenticator = Authenticator(api._hs)
        self._store: Any = api._hs.get_datastores().main  # its cached methods have no types

    async def requester(self, request: SynapseRequest) -> Requester:
        """The user whose access token it carries; the request is left as it was.

        Raises:
            SynapseError: as Synapse answers a request that needs one and has none, or one that is not valid.
        """
        try:
            return await self._auth.get_user_by_req(request)
        finally:
            request._requester = None  # Synapse sets it once more, and only once

    async def origin(self, request: SynapseRequest) -> str:
        """The server that signed it; only for requests without a body.

        Raises:
            SynapseError: nobody did, or a server that is not let in.
        """
        try:
            return await self._authenticator.authenticate_request(request, None)
        finally:
            request._requester = None

    async def is_admin(self, requester: Requester) -> bool:
        """Whether she is a server admin."""
        return await self._auth.is_server_admin(requester)

    async def share_room(self, user_id: str, other: str) -> bool:
        """Whether both users are in a room, as far as this homeserver knows."""
        rooms = await self._store.get_rooms_for_user(user_id)
        return bool(rooms & await self._store.get_rooms_for_user(other))

    async def shares_room_with_server(self, user_id: str, server_name: str) -> bool:
        """Whether the user is in a room with anybody of the server."""
        for room_id in await self._store.get_rooms_for_user(user_id):
            if server_name in await self._store.get_current_hosts_in_room(room_id):
                return True
        return False

    async def display_name(self, user_id: str) -> str | None:
        """The present name of a user of this homeserver; None when she has none, or does not exist."""
        if not UserID.is_valid(user_id) or not self._api.is_mine(user_id):
            return None
        profile = await self._store.get_profileinfo(UserID.from_string(user_id))
        name: str | None = profile.display_name
        return name
