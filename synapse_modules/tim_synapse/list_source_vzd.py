"""The list from the VZD, fetched with a provider access token (I_VZD_TIM_Provider_Services)."""

from collections.abc import Callable
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from tim_synapse.http_exchange import HttpAgent
from tim_synapse.list_source import Fetched
from tim_synapse.list_source_url import LIST_SECONDS, UrlSource
from tim_synapse.vzd_tokens import ProviderTokens

LIST_PATH = "/tim-provider-services/FederationList/federationList.jws"


class VzdSource:
    """The VZD.

    Args:
        directory: base address.
        tokens: what it is asked with.
        agent, reactor: for the connections.
        now: the clock; timezone-aware.
        seconds: for fetching the list.
    """

    kind = "vzd"

    def __init__(
        self,
        directory: str,
        tokens: ProviderTokens,
        agent: HttpAgent,
        reactor: IReactorTime,
        now: Callable[[], datetime],
        seconds: float = LIST_SECONDS,
    ) -> None:
        self._list = UrlSource(directory.rstrip("/") + LIST_PATH, agent, reactor, now, seconds)
        self._tokens = tokens

    async def fetch(self, known_version: int | None) -> Fetched:
        """The list; a token that is refused is renewed once.

        Raises:
            Unavailable: a step is not answered as agreed.
        """
        return await self._tokens.use(lambda headers: self._list.fetch_as(known_version, headers))
