"""Fetches the list, asks the OCSP responders, verifies and stores; runs in one process only.

What it stores counts for nobody, itself included, before it was read back and verified by `ListStore`.
"""

import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from synapse.module_api import ModuleApi

from tim_policy.certificate_chain import Chain
from tim_policy.errors import TimError
from tim_policy.federation_trust import RolledBack, VerifiedList, signer_chain
from tim_policy.list_refresh import Misses, Schedule
from tim_policy.ocsp import OcspPolicy, Revoked
from tim_synapse.list_source import Fetched, Source
from tim_synapse.list_table import (
    Head,
    ListChange,
    StoredList,
    migrate,
    write_confirmation,
    write_list,
    write_outcome,
)
from tim_synapse.list_verification import Held, Judge, change_between, digest_of
from tim_synapse.memory import give_back
from tim_synapse.metrics import LIST_REFRESHES
from tim_synapse.ocsp_client import OcspAnswers, OcspClient

logger = logging.getLogger(__name__)

_EPOCH = datetime.fromtimestamp(0, UTC)
_POLL_SECONDS = 0.05


class ReadBack(Protocol):
    """How the refresher sees the database: through the eyes of `ListStore`, which verifies what it reads."""

    async def adopted(self) -> tuple[Head, Held | None]:
        """Read and verify now; the head, and the list held after that."""

    async def changed(self) -> None:
        """Tell all processes that the database changed."""

    def is_in_use(self) -> bool:
        """Whether there is a list that is not too old."""


class ListRefresher:
    """The fetching side.

    Args:
        api: Synapse's module interface.
        judge, source, ocsp, schedule: what to believe, where to ask, and when.
        misses: pays for refetches that other processes ask for.
        read: see `ReadBack`.
        now: the clock; timezone-aware.
    """

    def __init__(
        self,
        api: ModuleApi,
        judge: Judge,
        source: Source,
        ocsp: OcspClient,
        schedule: Schedule,
        misses: Misses,
        read: ReadBack,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._judge = judge
        self._source = source
        self._ocsp = ocsp
        self._schedule = schedule
        self._read = read
        self._now = now
        self._next_at = _EPOCH
        self._failures = 0
        self._misses = misses
        self._runs = 0
        self._is_running = False
        self._is_migrated = False
        self._has_warned = False
        self._version = 0
        self.outage: str | None = None
        """Why the last refresh failed; None when it did not."""

    @property
    def next_at(self) -> datetime:
        """When the list is fetched next."""
        return self._next_at

    async def tick(self, head: Head) -> None:
        """Called often: refresh when it is time, or when another process asks for it."""
        if self._is_running:
            return
        is_due = self._schedule.is_due(self._now(), self._next_at)
        is_asked = head.requested > head.answered
        if is_due or (is_asked and self._misses.take(self._now())):
            await self.refresh(head.requested)
        elif is_asked:
            await self._tell(head.requested)

    async def refresh(self, answered: int | None = None) -> None:
        """Refresh now; a refresh that is running already is waited for instead. Never raises for a fault.

        Args:
            answered: the request of other processes that this deals with; None: none.
        """
        run = self._runs
        if self._is_running:
            while self._runs == run:
                await self._api.sleep(_POLL_SECONDS)
            return
        self._is_running = True
        try:
            await self._attempt()
            await self._tell(answered)
            await self._api.defer_to_thread(give_back)
        finally:
            self._runs += 1
            self._is_running = False

    async def _attempt(self) -> None:
        try:
            await self._refresh()
        except TimError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - whatever the database makes its driver raise, the loop goes on
            self._failed(f"the database does not take the list ({type(error).__name__})")
        else:
            self._succeeded()
        self._next_at = self._now() + self._schedule.delay(self._failures, random.random())  # noqa: S311 - only spreads load

    async def _refresh(self) -> None:
        if not self._is_migrated:
            await self._api.run_db_interaction("tim_federation_list_migrate", migrate)
            self._is_migrated = True
            await self._read.changed()
        head, held = await self._read.adopted()
        fetched = await self._source.fetch(held.version if held else None)
        document = fetched.document
        if document is not None and held is not None:
            digest = await self._api.defer_to_thread(digest_of, document)
            document = None if digest == held.digest else document
        if document is None and held is not None and not await self._confirm(held, fetched):
            fetched = await self._source.fetch(None)
            document = fetched.document
        if document is not None:
            await self._replace(head, held, document, fetched)
        await self._read.changed()
        _, held = await self._read.adopted()
        self._version = held.version if held else 0

    async def _confirm(self, held: Held, fetched: Fetched) -> bool:
        """The list is the newest; its signer still has to be good. False: the database lost the list."""
        answers = await self._ask(held.verified.certificates)
        now = self._now()
        try:
            await self._api.defer_to_thread(self._judge.recheck, held.verified, answers.answers, now)
        except Revoked:
            await self._withdraw(held, answers)
            raise
        stored = _stored(held.verified, held.digest, answers, fetched.confirmed_at, now, held.change)
        return bool(await self._api.run_db_interaction("tim_federation_list_confirm", write_confirmation, stored))

    async def _replace(self, head: Head, held: Held | None, document: bytes, fetched: Fetched) -> None:
        chain = await self._api.defer_to_thread(signer_chain, document, self._judge.trust, self._now())
        answers = await self._ask(chain)
        floor = head.stored.version if head.stored else None
        now = self._now()
        previous = held.verified.federation_list if held else None
        try:
            verified = await self._api.defer_to_thread(
                self._judge.document, document, answers.answers, now, floor, previous=previous
            )
        except Revoked:
            if held is not None:
                await self._withdraw(held, await self._ocsp.ask(held.verified.certificates))
            raise
        digest, change = await self._api.defer_to_thread(_describe, document, held, verified)
        stored = _stored(verified, digest, answers, fetched.confirmed_at, now, change)
        if not await self._api.run_db_interaction("tim_federation_list_write", write_list, stored, document):
            raise RolledBack(f"federation list: version {stored.version} is older than the one in the database")

    async def _ask(self, chain: Chain) -> OcspAnswers:
        answers = await self._ocsp.ask(chain)
        if answers.fault is None:
            self._has_warned = False
            return answers
        if self._judge.ocsp_policy is OcspPolicy.REQUIRE:
            raise answers.fault
        if not self._has_warned:
            logger.warning("component=federation_list revocation not checked: %s", answers.fault)
            self._has_warned = True
        return answers

    async def _withdraw(self, held: Held, answers: OcspAnswers) -> None:
        """Make every process drop the list if its own signer is revoked, by storing who says so."""
        try:
            await self._api.defer_to_thread(self._judge.recheck, held.verified, answers.answers, self._now())
        except Revoked:
            when = held.confirmed_at
            stored = _stored(held.verified, held.digest, answers, when, self._now(), held.change)
            await self._api.run_db_interaction("tim_federation_list_withdraw", write_confirmation, stored)
            await self._read.changed()
            await self._read.adopted()
        except TimError:
            return  # not proven either way: it grows old

    async def _tell(self, answered: int | None) -> None:
        """Other processes learn how it went; when the database does not take that, they wait for nothing."""
        try:
            head, _ = await self._read.adopted()
            done = head.answered if answered is None else answered
            await self._api.run_db_interaction(
                "tim_federation_list_outcome", write_outcome, done, self._next_at, self.outage
            )
            await self._read.changed()
        except Exception as error:  # noqa: BLE001 - the refresh itself is over; its own line says what happened
            logger.debug("component=federation_list outcome not stored (%s)", type(error).__name__)

    def _failed(self, text: str) -> None:
        """One line when an outage begins, not one per attempt."""
        LIST_REFRESHES.labels("failed").inc()
        self._failures += 1
        if self.outage is None:
            effect = "the last list stays in use" if self._read.is_in_use() else "every other server is refused"
            logger.error("component=federation_list error=%s; %s", text, effect)
        self.outage = text

    def _succeeded(self) -> None:
        LIST_REFRESHES.labels("ok").inc()
        self._failures = 0
        if self.outage is not None:
            logger.warning("component=federation_list list_version=%d recovered", self._version)
        self.outage = None


def _describe(document: bytes, held: Held | None, verified: VerifiedList) -> tuple[str, ListChange]:
    return digest_of(document), change_between(held, verified)


def _stored(
    verified: VerifiedList,
    digest: str,
    answers: OcspAnswers,
    confirmed_at: datetime,
    checked_at: datetime,
    change: ListChange,
) -> StoredList:
    version = verified.federation_list.version
    return StoredList(0, version, digest, answers.answers, confirmed_at, checked_at, change)
