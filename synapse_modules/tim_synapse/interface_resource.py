"""What gematik's client interfaces have in common: OpenID tokens as login, error objects, CORS.

They are mounted on every HTTP listener of every process, the federation's included, so each request proves who it is.
Errors are `{errorCode, errorMessage}`, not Matrix errors; some are defined to have no body.
"""

import json
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from synapse.http.server import finish_request, respond_with_json, set_cors_headers
from synapse.http.site import SynapseRequest
from synapse.module_api import DirectServeJsonResource, ModuleApi
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

from tim_policy.errors import InvalidName, TimError
from tim_policy.names import UserId, parse_user_id
from tim_synapse.private_openid import OpenIdTokens

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024
_BEARER = re.compile(rb"bearer +([\x21-\x7e]{1,512}) *", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `body` None: without one."""

    status: HTTPStatus
    body: dict[str, Any] | None = None


class InterfaceError(TimError):
    """Ends a request.

    Args:
        reply: what the client gets.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status.phrase)
        self.reply = reply


def error(status: HTTPStatus, code: str, message: str) -> InterfaceError:
    """An error with the interfaces' error object; `message` repeats nothing of the request."""
    return InterfaceError(Reply(status, {"errorCode": code, "errorMessage": message}))


def unauthorized() -> InterfaceError:
    """The request comes from nobody; without a body, as it is described."""
    return InterfaceError(Reply(HTTPStatus.UNAUTHORIZED))


class Interface(DirectServeJsonResource, ABC):
    """Base of the interfaces.

    Args:
        api: Synapse's module interface.
        tokens: whom a request may come from.
        methods: by the path below the interface, which is empty for the interface itself; `*` stands for any last
            part.
    """

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, api: ModuleApi, tokens: OpenIdTokens, methods: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self._methods = methods
        self._api = api
        self._tokens = tokens

    @abstractmethod
    async def answer(self, method: str, path: list[str], request: SynapseRequest) -> Reply:
        """Answer a request with one of the methods.

        Args:
            method: upper case.
            path: below the interface, decoded; empty for the interface itself.
            request: for headers, query and body.

        Raises:
            InterfaceError: the answer is an error.
        """

    async def user(self, request: SynapseRequest) -> UserId:
        """Who sends the request.

        Raises:
            InterfaceError: `unauthorized()`, for a missing, unknown or expired OpenID token, and for other tokens.
        """
        token = bearer_token(request)
        owner = None if token is None else await self._tokens.owner(token)
        if owner is None or not self._api.is_mine(owner):
            raise unauthorized()
        info = await self._api.get_userinfo_by_id(owner)
        if info is None or info.is_deactivated:
            raise unauthorized()
        try:
            return parse_user_id(owner)
        except InvalidName:
            raise unauthorized() from None

    async def _async_render(self, request: SynapseRequest) -> None:
        method = request.method.decode("ascii", "replace")
        path = [part.decode("utf-8", "replace") for part in request.postpath or []]
        if path == [""]:
            path = []
        try:
            reply = await self._answer("GET" if method == "HEAD" else method, path, request)
        except InterfaceError as refusal:
            reply = refusal.reply
        send(request, reply)

    async def _answer(self, method: str, path: list[str], request: SynapseRequest) -> Reply:
        methods = self._methods.get("/".join(path)) or self._methods.get("/".join([*path[:-1], "*"]))
        if methods is None:
            raise error(HTTPStatus.NOT_FOUND, "NOT_FOUND", "The interface has no such path")
        if method not in methods:
            request.responseHeaders.setRawHeaders(b"Allow", [", ".join(methods).encode()])
            raise error(HTTPStatus.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", f"Allowed here: {', '.join(methods)}")
        return await self.answer(method, path, request)

    def _send_error_response(self, f: Failure, request: SynapseRequest) -> None:
        """A failure of our own: its text may hold anything, so neither client nor log gets it."""
        if not isinstance(f.value, CancelledError):
            logger.error("component=%s error=%s", type(self).__name__, type(f.value).__name__)
        if not request.startedWriting:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            send(request, error(status, "INTERNAL_ERROR", "The request could not be handled; try again later").reply)


def bearer_token(request: SynapseRequest) -> str | None:
    """The token of the Authorization header; None unless there is exactly one that may be a token."""
    headers = request.requestHeaders.getRawHeaders(b"Authorization") or []
    if len(headers) != 1:
        return None
    match = _BEARER.fullmatch(headers[0])
    return match[1].decode("ascii") if match else None


def query_parameter(request: SynapseRequest, name: str) -> str:
    """A parameter that has to be there once.

    Raises:
        InterfaceError: 400.
    """
    values = (request.args or {}).get(name.encode(), [])
    if len(values) != 1:
        raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", f"Expected the query parameter {name}, once")
    value: bytes = values[0]
    return value.decode("utf-8", "replace")


def raw_body(request: SynapseRequest) -> bytes:
    """The body.

    Raises:
        InterfaceError: 400, it is too long.
    """
    raw: bytes = b"" if request.content is None else request.content.read(MAX_BODY_BYTES + 1)
    if len(raw) > MAX_BODY_BYTES:
        raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", f"Expected at most {MAX_BODY_BYTES} bytes")
    return raw


def parsed_json(raw: bytes) -> Any:
    """JSON of any type.

    Raises:
        InterfaceError: 400.
    """
    try:
        return json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise error(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "Expected a body in JSON (UTF-8)") from None


def send(request: SynapseRequest, reply: Reply) -> None:
    """Send an answer, readable for clients that run in a browser."""
    if reply.body is not None:
        respond_with_json(request, reply.status, reply.body, send_cors=True)
        return
    request.setResponseCode(reply.status)
    set_cors_headers(request)
    request.responseHeaders.setRawHeaders(b"Cache-Control", [b"no-cache, no-store, must-revalidate"])
    if reply.status != HTTPStatus.NO_CONTENT:
        request.responseHeaders.setRawHeaders(b"Content-Length", [b"0"])
    finish_request(request)
