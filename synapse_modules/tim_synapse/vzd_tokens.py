"""The provider access token of the VZD, in its three steps (I_VZD_TIM_Provider_Services).

Client credentials buy a ti-provider token (300 s), which buys a provider access token (24 h).
"""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote, urlencode

from twisted.internet.interfaces import IReactorTime

from tim_synapse.http_exchange import HttpAgent, HttpRequest, Unavailable, exchange

TOKEN_PATH = "/auth/realms/TI-Provider/protocol/openid-connect/token"  # noqa: S105 - a path
AUTHENTICATE_PATH = "/ti-provider-authenticate"

TI_PROVIDER_LIFETIME = timedelta(seconds=300)
PROVIDER_LIFETIME = timedelta(seconds=86_400)
_MARGIN = timedelta(seconds=30)
_TOKEN_SECONDS = 15.0
_MAX_TOKEN_BYTES = 64 * 1024
_OK = 200

_T = TypeVar("_T")


class Unauthorized(Unavailable):
    """The source does not accept the access token, or wants one."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; not used during its last seconds, nor when its end is further away than its whole life."""

    value: str
    issued_at: datetime
    expires_at: datetime

    def is_usable(self, now: datetime) -> bool:
        """Whether to use it at `now`; no when the clock was set back behind its issue."""
        return self.issued_at <= now < self.expires_at - _MARGIN


class ProviderTokens:
    """Buys tokens and keeps them while they live.

    Args:
        directory, auth: base addresses.
        client_id, client_secret: of the TI-M provider.
        agent, reactor: for the connections.
        now: the clock; timezone-aware.
        seconds: for each step.
    """

    def __init__(
        self,
        directory: str,
        auth: str,
        client_id: str,
        client_secret: str,
        agent: HttpAgent,
        reactor: IReactorTime,
        now: Callable[[], datetime],
        seconds: float = _TOKEN_SECONDS,
    ) -> None:
        self._token_address = auth.rstrip("/") + TOKEN_PATH
        self._authenticate_address = directory.rstrip("/") + AUTHENTICATE_PATH
        self._client = (client_id, client_secret)
        self._agent = agent
        self._reactor = reactor
        self._now = now
        self._seconds = seconds
        self._ti_provider: Token | None = None
        self._provider: Token | None = None

    async def use(self, work: Callable[[dict[str, str]], Awaitable[_T]]) -> _T:
        """What `work` makes of the request headers that authorise; a token that is refused is renewed once.

        Raises:
            Unauthorized: `work` or a step refuses a new token too.
            Unavailable: a step is not answered as agreed.
        """
        is_cached = self._provider is not None and self._provider.is_usable(self._now())
        try:
            return await work(await self._headers())
        except Unauthorized:
            self._provider = None
            if not is_cached:
                raise
        return await work(await self._headers())

    async def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {(await self._provider_token()).value}"}

    async def _provider_token(self) -> Token:
        if self._provider is None or not self._provider.is_usable(self._now()):
            is_cached = self._ti_provider is not None and self._ti_provider.is_usable(self._now())
            try:
                self._provider = await self._authenticate()
            except Unauthorized:
                self._ti_provider = None
                if not is_cached:
                    raise
                self._provider = await self._authenticate()
        return self._provider

    async def _authenticate(self) -> Token:
        if self._ti_provider is None or not self._ti_provider.is_usable(self._now()):
            self._ti_provider = await self._client_credentials()
        headers = {"Authorization": f"Bearer {self._ti_provider.value}"}
        what = "the VZD's /ti-provider-authenticate"
        return await self._token(what, "GET", self._authenticate_address, headers, None, PROVIDER_LIFETIME)

    async def _client_credentials(self) -> Token:
        client = ":".join(quote(part, safe="") for part in self._client)  # RFC 6749 section 2.3.1
        headers = {
            "Authorization": f"Basic {base64.b64encode(client.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"grant_type": "client_credentials"}).encode()
        what = "the VZD's token service"
        return await self._token(what, "POST", self._token_address, headers, body, TI_PROVIDER_LIFETIME)

    async def _token(
        self, what: str, method: str, address: str, headers: dict[str, str], body: bytes | None, lifetime: timedelta
    ) -> Token:
        """Ask for a token; it lives for `lifetime`, or shorter if `expires_in` says so."""
        request = HttpRequest(
            what, method, address, max_bytes=_MAX_TOKEN_BYTES, seconds=self._seconds, headers=headers, body=body
        )
        issued_at = self._now()
        answer = await exchange(self._agent, self._reactor, request)
        if answer.status in (400, 401, 403):  # invalid_grant, invalid_client, no such right (RFC 6749 section 5.2)
            raise Unauthorized(f"{what} refuses us (status {answer.status}); check client_id and client_secret_file")
        if answer.status != _OK:
            raise Unavailable(f"{what} answers with status {answer.status} (expected: 200)")
        value, expires_in = _parse_token(what, answer.body)
        return Token(value, issued_at, issued_at + min(lifetime, expires_in or lifetime))


def _parse_token(what: str, body: bytes) -> tuple[str, timedelta | None]:
    try:
        document = json.loads(body)
        value, expires_in = document["access_token"], document.get("expires_in")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unavailable(f"{what} sends no token (expected: JSON with access_token)") from None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        raise Unavailable(f"{what} sends a token that is no text")
    if isinstance(expires_in, bool) or not isinstance(expires_in, int) or not 0 < expires_in < 10**9:
        return value, None
    return value, timedelta(seconds=expires_in)
