"""Serves the API on the loopback interface."""

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from aiohttp import web
from pydantic import ValidationError
from sqlalchemy import Connection

from tim_bots.api.appointments import LONGEST
from tim_bots.api.config import ApiConfig
from tim_bots.api.description import description
from tim_bots.api.desk import Answer, ApiDesk, problem
from tim_bots.api.models import MAX_BODY_BYTES, DecisionBody
from tim_bots.cipher import Cipher
from tim_bots.counter.counter import Counter
from tim_bots.database import DATABASE_DOWN, Database
from tim_bots.queues import Queues
from tim_bots.secret_files import read_secret
from tim_policy.errors import ConfigError

logger = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_SHORTEST_TOKEN = 32
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})")
_FIRST_YEAR = 1970
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    """The service.

    Args:
        config: port and token.
        counter: the cases.
        database, queues, cipher: of the bot.
        notify: called when the outbox got something new.

    Raises:
        ConfigError: the token cannot be read, or is too short.
    """

    def __init__(
        self,
        config: ApiConfig,
        counter: Counter,
        database: Database,
        queues: Queues,
        cipher: Cipher,
        notify: Callable[[], None],
    ) -> None:
        self._port = config.port
        self._token = read_secret(config.token_file, "api.token_file").encode()
        if len(self._token) < _SHORTEST_TOKEN:
            raise ConfigError(f"api.token_file: must hold at least {_SHORTEST_TOKEN} characters")
        self._desk = ApiDesk(counter, queues, cipher)
        self._database = database
        self._notify = notify

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: the port is taken.
        """
        runner = web.AppRunner(self.application(), access_log=None)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, _HOST, self._port).start()
            except OSError:
                raise ConfigError(f"api.port: {_HOST}:{self._port} is in use; choose another port") from None
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._guard])
        application.router.add_get("/openapi.json", self._describe, allow_head=False)
        application.router.add_get("/v1/requests", self._list, allow_head=False)
        application.router.add_get("/v1/requests/{number}", self._show, allow_head=False)
        application.router.add_get("/v1/appointments", self._appointments, allow_head=False)
        application.router.add_post("/v1/requests/{number}/decision", self._decide)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._is_allowed(request):
            return _response(problem(401, "unauthorized", "send the token of api.token_file as bearer token"))
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return _response(problem(413, "too_large", f"at most {MAX_BODY_BYTES} bytes"))
        except web.HTTPException as error:
            return _response(problem(error.status, "not_found", error.reason))
        except DATABASE_DOWN as error:
            logger.error("database failed component=api error=%s", type(error).__name__)
            return _response(problem(503, "unavailable", "the database does not answer; try again"))

    def _is_allowed(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        is_right = hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), self._token)
        return scheme.lower() == "bearer" and is_right

    async def _describe(self, _request: web.Request) -> web.Response:
        return web.json_response(description())

    async def _list(self, _request: web.Request) -> web.Response:
        return await self._answered(lambda connection: self._desk.open_requests(connection, datetime.now(UTC)))

    async def _show(self, request: web.Request) -> web.Response:
        if (number := _number(request)) is None:
            return _bad("number: write the request's number")
        return await self._answered(lambda connection: self._desk.request(connection, number, datetime.now(UTC)))

    async def _appointments(self, request: web.Request) -> web.Response:
        start, end = (_moment(request.query.get(name)) for name in ("from", "to"))
        if start is None or end is None or not timedelta() < end - start <= LONGEST:
            return _bad(f"from, to: write two RFC 3339 times with their zone, at most {LONGEST.days} days apart")
        return await self._answered(lambda connection: self._desk.appointments(connection, start, end))

    async def _decide(self, request: web.Request) -> web.Response:
        number, key = _number(request), request.headers.get("Idempotency-Key", "")
        if number is None:
            return _bad("number: write the request's number")
        if _KEY.fullmatch(key) is None:
            return _bad("Idempotency-Key: write 8 to 64 letters, digits, - or _")
        if request.content_type != "application/json":
            return _bad("Content-Type: must be application/json")
        try:
            body = DecisionBody.model_validate_json(await request.read())
        except ValidationError as error:
            return _bad("; ".join(_faults(error)))
        response = await self._answered(
            lambda connection: self._desk.decide(connection, number, key, body, datetime.now(UTC))
        )
        self._notify()
        return response

    async def _answered(self, work: Callable[[Connection], Answer]) -> web.Response:
        return _response(await self._database.transaction(work))


def _number(request: web.Request) -> int | None:
    text = request.match_info["number"]
    return int(text) if _NUMBER.fullmatch(text) else None


def _moment(text: str | None) -> datetime | None:
    """An RFC 3339 time; None if it is none, or has no zone."""
    if text is None or _TIME.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _FIRST_YEAR else None


def _faults(error: ValidationError) -> list[str]:
    """Where and what, without the value: it may be personal data."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults[:5]]


def _bad(message: str) -> web.Response:
    return _response(problem(400, "bad_request", message))


def _response(answer: Answer) -> web.Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(status=answer.status, text=answer.body, content_type="application/json", headers=headers)
