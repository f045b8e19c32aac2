"""Check level 3 of 1.1: asks the VZD where inviter and invitee are listed (operation `whereIs`).

Every process asks for itself and remembers answers for `MAX_AGE`. Whatever goes wrong means "not known", and the
invite is refused; a directory that fails several times in a row is left alone for a while, so that invites do not
wait for it.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from synapse.module_api import ModuleApi
from twisted.internet.interfaces import IReactorTime

from tim_policy.circuit_breaker import PAUSE, CircuitBreaker
from tim_policy.directory.address import matrix_uri
from tim_policy.directory.where_is import (
    DirectoryPart,
    UnreadableDirectoryPart,
    Whereabouts,
    parse_directory_part,
)
from tim_policy.names import UserId
from tim_synapse.http_exchange import HttpAgent, HttpRequest, Unavailable, exchange
from tim_synapse.list_config import FederationListConfig
from tim_synapse.list_sources import LoadedSource
from tim_synapse.metrics import WHERE_IS
from tim_synapse.tls_policy import agent_for
from tim_synapse.vzd_tokens import ProviderTokens, Unauthorized

logger = logging.getLogger(__name__)

PATH = "/tim-provider-services/localization"
MAX_AGE = timedelta(minutes=5)
"""Who was taken out of the directory is reached no longer after this time."""
MAX_REMEMBERED = 10_000
MAX_PENDING = 32
"""Questions at a time; many invites at once must not become a flood of connections."""

_SECONDS = 4.0
_MAX_BYTES = 1024
_OK = 200
_UNAUTHORIZED = 401
_REFUSES_ADDRESS = (400, 404)


class WhereIs:
    """Asks and remembers.

    Args:
        directory: base address of the VZD.
        tokens: what it is asked with.
        agent, reactor: for the connections.
        now: the clock; timezone-aware.
        seconds: for one question, once there is a token.
    """

    def __init__(
        self,
        directory: str,
        tokens: ProviderTokens,
        agent: HttpAgent,
        reactor: IReactorTime,
        now: Callable[[], datetime],
        seconds: float = _SECONDS,
    ) -> None:
        self._address = directory.rstrip("/") + PATH
        self._tokens = tokens
        self._agent = agent
        self._reactor = reactor
        self._now = now
        self._seconds = seconds
        self._breaker = CircuitBreaker()
        self._remembered: OrderedDict[UserId, tuple[datetime, DirectoryPart]] = OrderedDict()
        self._pending = 0

    async def of_invite(self, inviter: UserId, invitee: UserId) -> Whereabouts | None:
        """What decides about an invite; None when the directory does not answer as agreed."""
        part = await self._part(invitee)
        if part is None:
            return None
        whereabouts = Whereabouts(part)
        if not whereabouts.needs_inviter:
            return whereabouts
        part = await self._part(inviter)
        return None if part is None else Whereabouts(whereabouts.invitee, part)

    async def _part(self, user_id: UserId) -> DirectoryPart | None:
        now = self._now()
        known = self._remembered.get(user_id)
        if known is not None and timedelta() <= now - known[0] < MAX_AGE:  # not with a clock that was set back
            WHERE_IS.labels("remembered").inc()
            return known[1]
        if self._pending >= MAX_PENDING:
            WHERE_IS.labels("too_many").inc()
            return None
        if not self._breaker.may_ask(now):
            WHERE_IS.labels("left_alone").inc()
            return None
        self._pending += 1
        try:
            part = await self._tokens.use(lambda headers: self._ask(user_id, headers))
        except Unavailable as error:
            WHERE_IS.labels("failed").inc()
            if self._breaker.failed(self._now()):
                logger.warning(
                    "Invites that depend on the directory are refused, it is asked every %.0f s: %s",
                    PAUSE.total_seconds(),
                    error,
                )
            return None
        finally:
            self._pending -= 1
        WHERE_IS.labels("answered").inc()
        if self._breaker.succeeded():
            logger.info("The directory answers again")
        self._remember(user_id, now, part)
        return part

    async def _ask(self, user_id: UserId, headers: dict[str, str]) -> DirectoryPart:
        what = "the VZD's /localization"
        address = f"{self._address}?{urlencode({'mxid': matrix_uri(user_id)})}"
        request = HttpRequest(what, "GET", address, max_bytes=_MAX_BYTES, seconds=self._seconds, headers=headers)
        answer = await exchange(self._agent, self._reactor, request)
        if answer.status == _UNAUTHORIZED:
            raise Unauthorized(f"{what} wants another authorisation (status 401)")
        if answer.status in _REFUSES_ADDRESS:
            # About this address, which another homeserver may have chosen: it must not look like an outage.
            return DirectoryPart.NONE
        if answer.status != _OK:
            raise Unavailable(f"{what} answers with status {answer.status} (expected: 200)")
        try:
            return parse_directory_part(answer.body)
        except UnreadableDirectoryPart as error:
            raise Unavailable(f"{what} sends {error}") from None

    def _remember(self, user_id: UserId, asked_at: datetime, part: DirectoryPart) -> None:
        self._remembered[user_id] = (asked_at, part)
        self._remembered.move_to_end(user_id)
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)


def open_where_is(
    api: ModuleApi, config: FederationListConfig, loaded: LoadedSource, now: Callable[[], datetime]
) -> WhereIs | None:
    """The VZD of the configuration; None when none is named."""
    vzd = config.where_is or config.source.vzd
    if vzd is None:
        return None
    http: Any = api.http_client
    agent = agent_for(loaded.tls, http.reactor, http.agent)
    secret = loaded.client_secret or ""
    tokens = ProviderTokens(vzd.directory, vzd.auth, vzd.client_id, secret, agent, http.reactor, now, _SECONDS)
    return WhereIs(vzd.directory, tokens, agent, http.reactor, now)
