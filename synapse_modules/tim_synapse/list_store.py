"""The federation list of one Synapse process: reads what the fetching process stored, verifies it, keeps it.

Without a verified list, or when the newest one was not confirmed for `MAX_AGE`, there is none: the caller then
refuses every server but the own one.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from synapse.module_api import ModuleApi, cached

from tim_policy.errors import TimError
from tim_policy.federation_list import MAX_AGE, FederationList
from tim_policy.federation_trust import ListTrust
from tim_policy.list_refresh import Misses, Schedule, is_too_old
from tim_policy.names import ServerName
from tim_policy.ocsp import Revoked
from tim_synapse import private
from tim_synapse.list_config import FederationListConfig
from tim_synapse.list_refresher import ListRefresher
from tim_synapse.list_sources import LoadedSource, open_source
from tim_synapse.list_status import ListStatus
from tim_synapse.list_table import Head, StoredList, read_document, read_head, write_request
from tim_synapse.list_verification import Held, Judge, adopt
from tim_synapse.memory import give_back, keep_large_blocks_apart
from tim_synapse.metrics import LIST_CONFIRMED, LIST_IN_USE, LIST_VERSION
from tim_synapse.ocsp_client import OcspClient

logger = logging.getLogger(__name__)

POLL_MILLISECONDS = 250
_POLLS_BETWEEN_READS = 240
"""The database is read after a change was announced, and once a minute in case an announcement got lost."""
_WAIT_SECONDS = 0.05
_WORKER_PATIENCE_SECONDS = 10.0


class ListStore:
    """The list of one Synapse process.

    Args:
        api: Synapse's module interface.
        config: where the list comes from and how often.
        trust: whom to believe.
        source: what the files of the source hold.
    """

    def __init__(self, api: ModuleApi, config: FederationListConfig, trust: ListTrust, source: LoadedSource) -> None:
        self.server_name = api.server_name  # both for `cached`
        self.clock = private.clock(api)
        self._api = api
        self._judge = Judge(trust, config.ocsp)
        self._misses = Misses(self._now())
        self._source = open_source(api, config.source, source, self._now)
        self._refresher: ListRefresher | None = None
        if api.should_run_background_tasks():
            http: Any = api.http_client
            ocsp = OcspClient(http.agent, http.reactor, self._now, api.defer_to_thread, trust.ocsp_responders)
            schedule = Schedule(config.refresh_interval, config.retry_interval)
            self._refresher = ListRefresher(
                api, self._judge, self._source, ocsp, schedule, self._misses, self, self._now
            )
        self._head = Head()
        self._held: Held | None = None
        self._floor: int | None = None
        self._revision: int | None = None
        self._announced: FederationList | None = None
        self._subscribers: list[Callable[[], None]] = []
        self._polls = 0
        self._is_polling = False
        self._is_refetching = False
        self._is_database_down = False
        self._has_subscriber_failed = False

    def start(self) -> None:
        """Adopt what is stored, and from then on every change within `POLL_MILLISECONDS` after it was announced."""
        keep_large_blocks_apart()
        self._api.register_cached_function(self._cached_head)
        self._api.looping_background_call(
            self._poll, POLL_MILLISECONDS, desc="tim_federation_list_poll", run_on_all_instances=True
        )
        if self._refresher is not None:
            self._api.looping_background_call(self._tick, POLL_MILLISECONDS, desc="tim_federation_list_refresh")
            self._api.delayed_background_call(0, self._tick, desc="tim_federation_list_refresh")

    def current(self) -> FederationList | None:
        """The newest verified list; None when there is none or it was not confirmed for `MAX_AGE`."""
        if self._held is None:
            return None
        now = self._now()
        if now < self._held.confirmed_at:  # the clock was set back: from now on it ages by the new time
            self._held = replace(self._held, confirmed_at=now)
        return None if is_too_old(self._held.confirmed_at, now) else self._held.verified.federation_list

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call `callback` on the reactor thread after every change of what `current()` returns."""
        self._subscribers.append(callback)

    def status(self) -> ListStatus:
        """What an operator may know."""
        current, held, refresher = self.current(), self._held, self._refresher
        verified = held.verified if held else None
        content = verified.federation_list if verified else None
        return ListStatus(
            version=content.version if content else None,
            confirmed_at=held.confirmed_at if held else None,
            age=self._now() - held.confirmed_at if held else None,
            is_in_use=current is not None,
            source=self._source.kind,
            signer=verified.signer if verified else None,
            chain=verified.chain if verified else (),
            ocsp=("good" if verified.is_ocsp_checked else "not checked") if verified else None,
            next_refresh_at=refresher.next_at if refresher else self._head.next_refresh_at,
            servers=content.servers if content else 0,
            insurers=content.insurers if content else 0,
            entries=content.entries if content else 0,
            outage=refresher.outage if refresher else self._head.outage,
            previous_version=held.change.previous_version if held else None,
            added=held.change.added if held else (),
            removed=held.change.removed if held else (),
        )

    async def refresh_for_unknown(self, server_name: ServerName) -> bool:
        """Refetch the list once for a server that is not on it (A_25537); whether it is listed now.

        Does nothing without a usable list, for a server asked about within the last minutes, and when too many were.
        A refetch that is under way is waited for.
        """
        if self._is_listed(server_name) or self.current() is None:
            return self._is_listed(server_name)
        if self._is_refetching:
            while self._is_refetching:
                await self._api.sleep(_WAIT_SECONDS)
        elif self._misses.may_refetch(server_name, self._now()):
            self._is_refetching = True
            try:
                await self._refetch()
            finally:
                self._is_refetching = False
        return self._is_listed(server_name)

    async def adopted(self) -> tuple[Head, Held | None]:
        """Read and verify now; see `ReadBack`."""
        while self._is_polling:
            await self._api.sleep(_WAIT_SECONDS)
        await self._poll()
        return self._head, self._held

    async def changed(self) -> None:
        """Tell all processes that the database changed; see `ReadBack`."""
        await self._api.invalidate_cache(self._cached_head, ())

    def is_in_use(self) -> bool:
        """Whether there is a list that is not too old."""
        return self.current() is not None

    def _is_listed(self, server_name: ServerName) -> bool:
        current = self.current()
        return current is not None and current.is_listed(server_name)

    async def _refetch(self) -> None:
        if self._refresher is not None:
            await self._refresher.refresh()
            return
        try:
            number = await self._api.run_db_interaction("tim_federation_list_request", write_request)
            await self.changed()
        except Exception as error:  # noqa: BLE001 - the driver's errors; the server then stays unknown
            logger.warning("component=federation_list refetch not possible (%s)", type(error).__name__)
            return
        waited = 0.0
        while self._head.answered < number and waited < _WORKER_PATIENCE_SECONDS:
            await self._api.sleep(_WAIT_SECONDS)
            waited += _WAIT_SECONDS

    async def _tick(self) -> None:
        if self._refresher is not None:
            await self._refresher.tick(self._head)

    async def _poll(self) -> None:
        if self._is_polling:
            return
        self._is_polling = True
        before = self._revision
        try:
            await self._read()
        finally:
            self._is_polling = False
            self._announce()
        if self._revision != before:
            await self._api.defer_to_thread(give_back)

    async def _read(self) -> None:
        self._polls += 1
        if self._polls % _POLLS_BETWEEN_READS == 0:
            self._cached_head.invalidate(())
        try:
            head: Head = await self._cached_head()  # type: ignore[call-arg,misc] # Synapse types the descriptor as a plain callable
            if head.stored is not None and head.stored.revision != self._revision:
                await self._adopt(head.stored)
            # Not before: whoever waits for an answered refetch looks at the list next.
            self._head = head
        except Exception as error:  # noqa: BLE001 - the driver's errors; what is held grows old
            if not self._is_database_down:
                logger.error("component=federation_list error=cannot read the database (%s)", type(error).__name__)
            self._is_database_down = True
        else:
            self._is_database_down = False

    @cached()
    async def _cached_head(self) -> Head:
        head: Head = await self._api.run_db_interaction("tim_federation_list_head", read_head)
        return head

    async def _adopt(self, stored: StoredList) -> None:
        """Verify what is stored and keep it; the unbelievable changes nothing, a revoked signer ends the list."""
        document = None
        if self._held is None or self._held.digest != stored.digest:
            document = await self._api.run_db_interaction(
                "tim_federation_list_document", read_document, stored.revision
            )
            if document is None:  # replaced since the head was read
                self._cached_head.invalidate(())
                return
        try:
            held = await self._api.defer_to_thread(
                adopt, self._judge, stored, document, self._held, self._floor, self._now()
            )
        except Revoked as revoked:
            self._held = None
            if self._refresher is None:  # the refresher has its own line
                logger.error("component=federation_list error=%s; every other server is refused", revoked)
        except TimError as error:
            logger.error("component=federation_list error=the stored list is refused: %s", error)
        else:
            self._held, self._floor = held, held.version
            LIST_CONFIRMED.set(held.confirmed_at.timestamp())
        self._revision = stored.revision

    def _announce(self) -> None:
        """Tell subscribers and metrics when another list counts than before, or none any more."""
        current = self.current()
        if current is self._announced:
            return
        if current is None and self._held is not None:
            hours = int(MAX_AGE.total_seconds()) // 3600
            logger.error(
                "component=federation_list error=list_version %d was not confirmed for %d h; "
                "every other server is refused until it is",
                self._held.version,
                hours,
            )
        try:
            for callback in self._subscribers:
                callback()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again at the next poll
            if not self._has_subscriber_failed:
                logger.error("component=federation_list error=a change was not applied (%s)", type(error).__name__)
            self._has_subscriber_failed = True
            return
        self._has_subscriber_failed = False
        self._announced = current
        LIST_IN_USE.set(current is not None)
        LIST_VERSION.set(current.version if current else 0)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._api.get_current_time_msec() / 1000, UTC)
