"""Keeps the countries of all listed servers' addresses up to date.

The process that runs background tasks resolves and stores; every process follows the table. A server whose name does
not resolve keeps what was found before until that is `MAX_EVIDENCE_AGE` old; then nothing is known from addresses.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from synapse.module_api import ModuleApi
from synapse.util.async_helpers import concurrently_execute

from tim_policy.names import ServerName
from tim_synapse.address_country import AddressDatabase
from tim_synapse.list_store import ListStore
from tim_synapse.metrics import ADDRESS_CHECKS
from tim_synapse.residency_table import AddressEvidence, ResidencyTable

logger = logging.getLogger(__name__)

MAX_EVIDENCE_AGE = timedelta(hours=24)
_FOLLOW = timedelta(seconds=2)
_CYCLE = timedelta(minutes=1)
_AT_ONCE = 20
_BATCH = 100

Resolve = Callable[[str], Awaitable[Sequence[str]]]


class AddressChecks:
    """Address evidence of all listed servers.

    Args:
        api: Synapse's module interface.
        lists: says which servers are listed.
        database: countries of addresses.
        interval: time between two resolutions of one name.
        resolve: addresses of a host name; may raise anything.
        on_change: called on the reactor thread after `countries` changed its answers.
    """

    def __init__(
        self,
        api: ModuleApi,
        lists: ListStore,
        database: AddressDatabase,
        interval: timedelta,
        resolve: Resolve,
        on_change: Callable[[], None],
    ) -> None:
        self._api = api
        self._lists = lists
        self._database = database
        self._interval = interval
        self._resolve = resolve
        self._on_change = on_change
        self._table = ResidencyTable(api)
        self._found: dict[ServerName, AddressEvidence] = {}
        # Names that did not resolve, and when: they are asked again after the interval, not in every cycle.
        self._failed_at: dict[ServerName, int] = {}
        self._is_running = False
        self._outage: str | None = None

    def start(self) -> None:
        """Follow the table; in the background process also fill it, now, when the list changes and periodically."""
        self._schedule(timedelta(0), self._follow)
        if self._api.should_run_background_tasks():
            self._lists.subscribe(lambda: self._schedule(timedelta(0), self._check_due))
            self._schedule(timedelta(0), self._cycle)

    def countries(self, server_name: ServerName) -> frozenset[str] | None:
        """See `ResidencyEvidence.address_countries`; None when there is no fresh answer."""
        found = self._found.get(server_name)
        return None if found is None or self._is_too_old(found) else found.countries

    async def check(self, server_names: Sequence[ServerName]) -> None:
        """Resolve the names and store what their addresses tell."""
        found: list[tuple[ServerName, AddressEvidence]] = []

        async def check_one(server_name: ServerName) -> None:
            addresses = await self._addresses(server_name)
            if addresses:
                found.append((server_name, AddressEvidence(self._database.countries(addresses), self._now())))

        await concurrently_execute(check_one, server_names, _AT_ONCE)
        if found:
            await self._table.write(found)

    async def _addresses(self, server_name: ServerName) -> Sequence[str]:
        try:
            addresses = await self._resolve(host_of(server_name))
        except Exception:  # noqa: BLE001 - a name that cannot be resolved, for whatever reason, is no evidence
            addresses = ()
        ADDRESS_CHECKS.labels("resolved" if addresses else "failed").inc()
        if addresses:
            self._failed_at.pop(server_name, None)
        else:
            self._failed_at[server_name] = self._now()
        return addresses

    async def _cycle(self) -> None:
        try:
            await self._api.defer_to_thread(self._database.reload)
            await self._table.create()
            await self._table.forget_before(self._instant() - MAX_EVIDENCE_AGE)
            await self._adopt()  # what an earlier run found need not be asked again
        except Exception as error:  # noqa: BLE001 - the database may fail in many ways, the cycle goes on
            self._failed(error)
        await self._check_due()
        self._schedule(min(_CYCLE, self._interval), self._cycle)

    async def _check_due(self) -> None:
        """Resolve what is due, in batches, so that the first answers count before the last are there."""
        if self._is_running:
            return  # the running check asks the list again before each batch
        self._is_running = True
        try:
            while batch := self._due():
                await self.check(batch)
                await self._adopt()
        except Exception as error:  # noqa: BLE001 - as in _cycle
            self._failed(error)
        finally:
            self._is_running = False

    def _due(self) -> Sequence[ServerName]:
        current = self._lists.current()
        if current is None:
            return ()
        latest = self._now() - self._interval.total_seconds()
        return [name for name in current.server_names if self._last_asked(name) <= latest][:_BATCH]

    def _last_asked(self, server_name: ServerName) -> int:
        found = self._found.get(server_name)
        return max(found.checked_at if found else 0, self._failed_at.get(server_name, 0))

    async def _follow(self) -> None:
        try:
            await self._adopt()
        except Exception as error:  # noqa: BLE001 - as in _cycle
            self._failed(error)
        else:
            self._outage = None
        self._schedule(_FOLLOW, self._follow)

    async def _adopt(self) -> None:
        """Take over what was stored; what became too old counts as a change too."""
        before = {name: evidence.countries for name, evidence in self._found.items()}
        self._found.update(await self._table.changed())
        for name in [name for name, evidence in self._found.items() if self._is_too_old(evidence)]:
            del self._found[name]
        if before != {name: evidence.countries for name, evidence in self._found.items()}:
            self._on_change()

    def _failed(self, error: Exception) -> None:
        """One line per outage; the class only, since a database error may quote rows."""
        if type(error).__name__ != self._outage:
            logger.error("component=residency error=%s; addresses are not checked", type(error).__name__)
        self._outage = type(error).__name__

    def _is_too_old(self, evidence: AddressEvidence) -> bool:
        return self._now() - evidence.checked_at > MAX_EVIDENCE_AGE.total_seconds()

    def _now(self) -> int:
        return self._api.get_current_time_msec() // 1000

    def _instant(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    def _schedule(self, delay: timedelta, function: Callable[[], Awaitable[None]]) -> None:
        self._api.delayed_background_call(delay / timedelta(milliseconds=1), function, desc="tim_residency")


def host_of(server_name: ServerName) -> str:
    """The host of a server name, without port and without the brackets of an IPv6 address."""
    if server_name.startswith("["):
        return server_name[1:].partition("]")[0]
    return server_name.partition(":")[0]
