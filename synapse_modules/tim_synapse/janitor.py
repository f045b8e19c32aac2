"""Deletes what the retention policy does not allow any more; on one process, in small steps, resumable.

A run walks every sweep and then the rooms. Each step is one transaction that deletes and remembers where it is: a
kill between two steps loses nothing, a kill within one undoes it. A clock that cannot be believed deletes nothing.
"""

import logging
import time
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy.audit_log import AuditKind
from tim_policy.retention_clock import ClockEvidence, clock_fault
from tim_policy.retention_pace import SHORTEST_PAUSE, next_pause
from tim_policy.retention_policy import Without, period_text
from tim_synapse import retention_table as table
from tim_synapse.audit import MODULE, Audit, newest_detail
from tim_synapse.list_store import ListStore
from tim_synapse.metrics import RETENTION_CHANGED, RETENTION_FAULT
from tim_synapse.private_retention import empty_caches
from tim_synapse.retention_config import LoadedRetention, RetentionMode
from tim_synapse.retention_pages import delete, ordering_before, read_page
from tim_synapse.retention_rooms import (
    ACTIONS,
    PURGES_AT_ONCE,
    DueQuery,
    RoomAction,
    RoomKind,
    due_rooms,
    is_being_purged,
    is_due,
    purges_under_way,
)
from tim_synapse.retention_sweeps import ADDRESSES, SWEEPS, Given, Sweep

logger = logging.getLogger(__name__)

POLL_MILLISECONDS = 1000
_ROOMS_PER_PAGE = 20_000
_ROOMS_PER_RUN = 1000
_LONGEST_WAIT = 300.0
"""Seconds in which Synapse must have finished a purge; otherwise the other rooms wait for the next run."""


class Janitor:
    """The deleting process's side of retention.

    Args:
        api: Synapse's module interface.
        retention: the policy and how to apply it.
        lists: knows which servers are insurers.
        audit: is told of changed policies and of every run that deleted something.
    """

    def __init__(self, api: ModuleApi, retention: LoadedRetention, lists: ListStore, audit: Audit) -> None:
        self._api = api
        self._retention = retention
        self._lists = lists
        self._audit = audit
        # Without anything random: after a kill the same process goes on at once.
        self._holder = api.worker_name or "main"
        self._is_running = False
        self._is_created = False
        self._reported: str | None = None
        self._refused_since: float | None = None

    def start(self) -> None:
        """Look every second whether a run is due; only where Synapse's own background tasks run."""
        if self._api.should_run_background_tasks():
            self._api.looping_background_call(self._tick, POLL_MILLISECONDS, desc="tim_retention")

    async def _tick(self) -> None:
        if self._is_running:
            return
        self._is_running = True
        try:
            await self._run_if_due()
        except table.NotTheHolder:
            self._report_other()
        except Exception as error:  # noqa: BLE001 - the driver's errors; the next second tries again
            self._report(f"the run did not begin ({type(error).__name__})")
        finally:
            self._is_running = False

    async def _run_if_due(self) -> None:
        if not self._is_created:
            await self._api.run_db_interaction("tim_retention_create", table.create)
            self._is_created = True
        state: table.State = await self._api.run_db_interaction("tim_retention_state", table.read_state)
        now = self._now()
        is_interrupted = state.run_began_ts is not None and (state.run_ended_ts or 0) < state.run_began_ts
        last = max(state.run_ended_ts or 0, state.run_began_ts or 0)
        # Also due when the last run lies in the future, so that the clock's fault is told.
        is_waiting = 0 <= _ms(now) - last < _ms_of(self._retention.interval)
        if state.is_run_requested or is_interrupted or not is_waiting:
            await self._run(state, now)

    async def _run(self, state: table.State, now: datetime) -> None:
        newest = await self._api.run_db_interaction("tim_retention_newest", table.newest_event_ts)
        fault = clock_fault(ClockEvidence(now, _instant(state.last_seen_ts), _instant(newest)))
        if fault is not None and not state.is_clock_confirmed:
            if state.fault != fault or state.is_run_requested:
                await self._api.run_db_interaction("tim_retention_fault", table.write_fault, fault.value)
            RETENTION_FAULT.set(1)
            if self._reported != fault:
                logger.error(
                    "component=retention error=%s: nothing is deleted; correct the clock, or confirm it with "
                    "'tim retention confirm-clock'",
                    fault.value,
                )
            self._reported = fault
            return
        RETENTION_FAULT.set(0)
        self._reported = None
        await self._api.run_db_interaction("tim_retention_begin", self._begin, _ms(now))
        pace = Pace(self._api)
        for sweep in self._sweeps():
            await self._apart(sweep.name, self._sweep(sweep, now, pace))
        for kind in RoomKind:
            await self._apart(kind.value, self._rooms(kind, now, pace))
        await self._apart("audit_log", self._prune_audit(now))
        self._refused_since = None
        await self._api.run_db_interaction("tim_retention_end", self._end, _ms(self._now()))

    async def _apart(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """What goes wrong in one table does not keep the others from being cleaned; the next run tries it again."""
        try:
            await work
        except table.NotTheHolder:
            raise
        except Exception as error:  # noqa: BLE001 - the driver's errors, e.g. of a full disk
            self._report(f"{name} was not cleaned ({type(error).__name__})")

    def _begin(self, txn: LoggingTransaction, now_ms: int) -> None:
        table.hold_lease(txn, self._holder, now_ms)
        table.begin_run(txn, now_ms)
        periods = {name: period_text(period) for name, period in self._retention.policy.periods}
        policy = {"policy": self._retention.policy.policy.value, "mode": self._retention.mode.value, "periods": periods}
        if policy != newest_detail(txn, AuditKind.RETENTION_POLICY):
            self._audit.append(txn, AuditKind.RETENTION_POLICY, MODULE, policy)

    def _end(self, txn: LoggingTransaction, now_ms: int) -> None:
        """The totals make the log complete also when a run was interrupted and went on later."""
        table.end_run(txn, now_ms)
        totals = table.read_totals(txn)
        known = (newest_detail(txn, AuditKind.RETENTION_RUN) or {}).get("totals", {})
        deleted = {name: total - known.get(name, 0) for name, total in totals.items() if total != known.get(name, 0)}
        if deleted:
            self._audit.append(txn, AuditKind.RETENTION_RUN, MODULE, {"deleted": deleted, "totals": totals})

    async def _prune_audit(self, now: datetime) -> None:
        period = self._period("audit_log")
        if isinstance(period, timedelta) and self._retention.mode is RetentionMode.ENFORCE:
            await self._api.run_db_interaction("tim_retention_audit", self._audit.prune, now - period)

    def _sweeps(self) -> Iterator[Sweep]:
        """Those that the policy asks for."""
        if self._retention.policy.periods.client_addresses is Without.NOT_STORED:
            yield from ADDRESSES
        for sweep in SWEEPS:
            needs_time = Given.BEFORE_MS in sweep.given or Given.BEFORE_ORDERING in sweep.given
            if not needs_time or isinstance(self._period(sweep.data_class), timedelta):
                yield sweep

    def _period(self, data_class: str) -> timedelta | Without:
        period: timedelta | Without = getattr(self._retention.policy.periods, data_class)
        return period

    async def _sweep(self, sweep: Sweep, now: datetime, pace: "Pace") -> None:
        values: dict[Given, Any] = {Given.OWN_USERS: f"%:{self._api.server_name}"}
        period = self._period(sweep.data_class)
        if isinstance(period, timedelta):
            before = _ms(now - period)
            values[Given.BEFORE_MS] = before
            if Given.BEFORE_ORDERING in sweep.given:
                values[Given.BEFORE_ORDERING] = await self._api.run_db_interaction(
                    "tim_retention_ordering", ordering_before, before
                )
        while True:
            async with pace:
                is_complete = await self._api.run_db_interaction("tim_retention_sweep", self._step, sweep, values)
            if is_complete:
                return

    def _step(self, txn: LoggingTransaction, sweep: Sweep, values: dict[Given, Any]) -> bool:
        """One page; whether the table ends with it."""
        now_ms = _ms(self._now())
        table.hold_lease(txn, self._holder, now_ms)
        position = table.read_position(txn, sweep.name)
        page = read_page(txn, sweep, values, position, self._retention.batch_rows)
        changed = 0
        if page.due and self._retention.mode is RetentionMode.ENFORCE:
            changed = delete(txn, sweep, page.due)
            empty_caches(self._api, txn, sweep.caches)
            txn.call_after(RETENTION_CHANGED.labels(sweep.data_class).inc, changed)
        table.write_progress(txn, sweep.name, sweep.data_class, page.end, len(page.due), changed, now_ms)
        return page.end is None

    async def _rooms(self, kind: RoomKind, now: datetime, pace: "Pace") -> None:
        period = self._period(kind.value)
        if not isinstance(period, timedelta):
            return
        before = await self._api.run_db_interaction("tim_retention_ordering", ordering_before, _ms(now - period))
        query = DueQuery(kind, before, self._insurers() if kind is RoomKind.INSURED_ONLY else ())
        after, due, done, is_busy = "", 0, 0, False
        while True:
            async with pace:
                rooms = await self._api.run_db_interaction(
                    "tim_retention_rooms", due_rooms, query, after, _ROOMS_PER_PAGE
                )
            due += len(rooms)
            if self._retention.mode is RetentionMode.ENFORCE:
                for room_id in rooms[: _ROOMS_PER_RUN - done]:
                    is_busy = is_busy or not await self._can_purge(pace)
                    if is_busy:
                        break
                    async with pace:
                        done += await self._close(query, room_id)
            if len(rooms) < _ROOMS_PER_PAGE:
                break
            after = rooms[-1]
        RETENTION_CHANGED.labels(kind.value).inc(done)
        await self._api.run_db_interaction("tim_retention_rooms", self._write_rooms, kind, due, done)

    def _write_rooms(self, txn: LoggingTransaction, kind: RoomKind, due: int, done: int) -> None:
        now_ms = _ms(self._now())
        table.hold_lease(txn, self._holder, now_ms)
        table.write_progress(txn, kind.value, kind.value, None, due, done, now_ms)

    async def _can_purge(self, pace: "Pace") -> bool:
        """Wait until Synapse would begin at once: what is said in a room that waits in its queue would be lost."""
        until = time.monotonic() + _LONGEST_WAIT
        while time.monotonic() < until:
            async with pace:
                if await self._api.run_db_interaction("tim_retention_queue", self._is_queue_free):
                    return True
        return False

    def _is_queue_free(self, txn: LoggingTransaction) -> bool:
        table.hold_lease(txn, self._holder, _ms(self._now()))
        return purges_under_way(txn) < PURGES_AT_ONCE

    async def _close(self, query: DueQuery, room_id: str) -> bool:
        """Purge or leave one room, unless it is not due any more: somebody may have written meanwhile."""
        if not await self._api.run_db_interaction("tim_retention_due", self._is_still_due, query, room_id):
            return False
        if ACTIONS[query.kind] is RoomAction.PURGE:
            await self._api.delete_room(room_id)
            return True
        members = await self._api.run_db_interaction("tim_retention_members", _local_members, room_id)
        for user_id in members:
            await self._api.update_room_membership(user_id, user_id, room_id, "leave")
        return True

    def _is_still_due(self, txn: LoggingTransaction, query: DueQuery, room_id: str) -> bool:
        table.hold_lease(txn, self._holder, _ms(self._now()))
        return is_due(txn, query, room_id) and not is_being_purged(txn, room_id)

    def _insurers(self) -> frozenset[str]:
        current = self._lists.current()
        if current is None:
            return frozenset()
        return frozenset(name for name in current.server_names if current.is_insurance(name))

    def _report_other(self) -> None:
        """Not at once: after a crash the lease of the process before has to end."""
        now = time.monotonic()
        if self._refused_since is None:
            self._refused_since = now
        if now - self._refused_since > 2 * table.LEASE.total_seconds():
            self._report("another process deletes, too: set run_background_tasks_on to one process")

    def _report(self, text: str) -> None:
        if self._reported != text:
            logger.error("component=retention error=%s", text)
        self._reported = text

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._api.get_current_time_msec() / 1000, UTC)


class Pace:
    """Pauses after each step, the longer the busier this process is.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api
        self._pause = SHORTEST_PAUSE
        self._began = 0.0

    async def __aenter__(self) -> None:
        self._began = time.monotonic()

    async def __aexit__(self, *_: object) -> None:
        ended = time.monotonic()
        await self._api.sleep(self._pause)
        lag = time.monotonic() - ended - self._pause
        self._pause = next_pause(self._pause, ended - self._began, lag)


def _local_members(txn: LoggingTransaction, room_id: str) -> list[str]:
    txn.execute(
        "SELECT user_id FROM local_current_membership WHERE room_id = ? AND membership IN ('join', 'invite', 'knock')",
        (room_id,),
    )
    return [user_id for (user_id,) in txn.fetchall()]


def _ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def _ms_of(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
