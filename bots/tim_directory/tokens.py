"""Bearer tokens of the directory: kept until shortly before their end, fetched once for all who wait."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tim_directory.errors import Garbage, Unauthorised
from tim_directory.transport import Request, Transport

MARGIN = timedelta(seconds=30)
_MAX_TOKEN = 16 * 1024

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time, timezone-aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; not used in its last seconds, nor when the clock was set back behind its issue."""

    value: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime

    def is_usable(self, now: datetime) -> bool:
        """Whether to use it at `now`."""
        return self.issued_at <= now < self.expires_at - MARGIN


class Tokens:
    """One kind of token.

    Args:
        fetch: gets a new one.
        now: the clock; timezone-aware.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token]], now: Clock = utc_now) -> None:
        self._fetch = fetch
        self._now = now
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> Token:
        """A token that can be used.

        Raises:
            DirectoryError: there is none.
        """
        async with self._lock:
            if self._token is None or not self._token.is_usable(self._now()):
                self._token = None
                self._token = await self._fetch()
            return self._token

    def forget(self, token: Token) -> None:
        """The directory does not accept it any more; a newer one is left alone."""
        if self._token == token:
            self._token = None


class Authorised:
    """Asks with a bearer token; one that is refused is renewed once.

    Args:
        transport: the directory.
        tokens: see `Tokens`.
    """

    def __init__(self, transport: Transport, tokens: Tokens) -> None:
        self.transport = transport
        self._tokens = tokens

    async def ask(self, request: Request) -> Any:
        """As `Transport.ask`.

        Raises:
            As `Transport.ask`.
        """
        token = await self._tokens.get()
        try:
            return await self.transport.ask(_bearing(request, token))
        except Unauthorised:
            self._tokens.forget(token)
            renewed = await self._tokens.get()
        return await self.transport.ask(_bearing(request, renewed))


def read_token(what: str, answer: Any, issued_at: datetime, longest: timedelta) -> Token:
    """A token out of `{access_token, expires_in}`.

    Args:
        what: names the operation in errors.
        answer: parsed JSON.
        issued_at: before it was asked for.
        longest: its life by specification; `expires_in` may only shorten it.

    Raises:
        Garbage: it holds no token.
    """
    value = answer.get("access_token") if isinstance(answer, Mapping) else None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not 0 < len(value) < _MAX_TOKEN:
        raise Garbage(f"directory: {what}: no token in the answer (expected: JSON with access_token)")
    seconds = answer.get("expires_in")
    is_number = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < longest.total_seconds()
    return Token(value, issued_at, issued_at + (timedelta(seconds=seconds) if is_number else longest))


def _bearing(request: Request, token: Token) -> Request:
    headers = {**(request.headers or {}), "Authorization": f"Bearer {token.value}"}
    return Request(
        request.what, request.method, request.path, request.query, headers, body=request.body, form=request.form
    )
