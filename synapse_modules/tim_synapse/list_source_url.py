"""The list from one address, with or without authorisation."""

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from twisted.internet.interfaces import IReactorTime

from tim_policy.federation_trust import MAX_DOCUMENT_BYTES
from tim_synapse.http_exchange import HttpAgent, HttpRequest, Unavailable, exchange
from tim_synapse.list_source import Fetched
from tim_synapse.vzd_tokens import Unauthorized

LIST_SECONDS = 60.0
"""A healthy VZD answers within 10 s; a long list over a slow line may take longer."""

_OK = 200
_NO_CONTENT = 204
_UNAUTHORIZED = 401


class UrlSource:
    """A mirror of the list, or the VZD once there is a token.

    Args:
        address: of the list.
        agent, reactor: for the connection.
        now: the clock; timezone-aware.
        seconds: for the whole exchange.
    """

    kind = "url"

    def __init__(
        self,
        address: str,
        agent: HttpAgent,
        reactor: IReactorTime,
        now: Callable[[], datetime],
        seconds: float = LIST_SECONDS,
    ) -> None:
        self._address = address
        self._agent = agent
        self._reactor = reactor
        self._now = now
        self._seconds = seconds

    async def fetch(self, known_version: int | None) -> Fetched:
        """The list; the content type does not matter, the signature does.

        Raises:
            Unavailable: no answer, or neither 200 nor 204.
        """
        return await self.fetch_as(known_version, {})

    async def fetch_as(self, known_version: int | None, headers: Mapping[str, str]) -> Fetched:
        """`fetch` with further request headers.

        Raises:
            Unauthorized: 401.
            Unavailable: as `fetch`.
        """
        request = HttpRequest(
            what="the source",
            method="GET",
            address=_with_version(self._address, known_version),
            max_bytes=MAX_DOCUMENT_BYTES,
            seconds=self._seconds,
            headers=headers,
        )
        answer = await exchange(self._agent, self._reactor, request)
        if answer.status == _OK:
            return Fetched(answer.body, self._now())
        if answer.status == _NO_CONTENT and known_version is not None:
            return Fetched(None, self._now())
        if answer.status == _NO_CONTENT:
            raise Unavailable("the source says that nothing changed, but there is no list yet")
        if answer.status == _UNAUTHORIZED:
            raise Unauthorized("the source wants another authorisation (status 401)")
        raise Unavailable(f"the source answers with status {answer.status} (expected: 200 or 204)")


def _with_version(address: str, known_version: int | None) -> str:
    if known_version is None:
        return address
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("version", str(known_version))]
    return urlunsplit(parts._replace(query=urlencode(query)))
