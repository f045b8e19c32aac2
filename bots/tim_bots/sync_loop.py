"""Takes what happens on the homeserver into the inbox: sync, decrypt, store, and only then move on."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nio import Event, SyncResponse
from sqlalchemy import Connection

from tim_bots.arrivals import arrival_of, departures, invites, is_encrypted, room_arrivals
from tim_bots.backfill import fetch_gap
from tim_bots.backoff import delays
from tim_bots.database import Database
from tim_bots.guard import AnswerTooLarge, GuardedClient, Unreadable
from tim_bots.health import Health
from tim_bots.inbox import UNREADABLE, Arrival, Entry, Kind, State
from tim_bots.incoming import Unprocessed
from tim_bots.lease import LeaseLost
from tim_bots.matrix_http import DeviceUnusable, RequestFailed, ok
from tim_bots.messages import say
from tim_bots.metrics import GAPS, SYNCS, UNDECRYPTABLE
from tim_bots.outbox import Action, in_reply_to, text_content, transaction_id
from tim_bots.queues import Queues

logger = logging.getLogger(__name__)

KEY_PATIENCE = timedelta(seconds=60)
"""After so long the sender of an undecryptable message is asked to send it again; keys usually come before it."""
KEY_HOPE = timedelta(days=7)
"""After so long nobody believes in the keys any more."""
_ASK_AGAIN_AFTER = timedelta(minutes=10)
"""In one room; a flood of undecryptable messages gets one answer."""

_ADVICE = {
    None: (Action.SEND_ENCRYPTED, "chassis-please-send-again"),
    Unreadable.WITHHELD: (Action.SEND_ENCRYPTED, "chassis-key-withheld"),
    # in the clear, because a device that is not trusted gets no keys; there is nothing personal in it
    Unreadable.NOT_TRUSTED: (Action.SEND_PLAIN, "chassis-device-not-trusted"),
}
_LONG_POLL_MS = 30_000
_SHORT_POLL_MS = 3_000
"""While something waits for its keys, its time limit is looked at this often."""
_LONGEST_SYNC_SECONDS = 600.0
"""For a sync and all that its keys and messages need; nio alone would wait for ever for a homeserver that is silent."""


def _filter(timeline_limit: int, state: dict[str, Any]) -> dict[str, Any]:
    nothing: dict[str, Any] = {"types": []}
    timeline = {"limit": timeline_limit} | state
    room = {"account_data": nothing, "ephemeral": nothing, "timeline": timeline, "state": state}
    return {"presence": nothing, "account_data": nothing, "room": room}


_FILTER = _filter(50, {})
_NARROW = _filter(1, {"lazy_load_members": True})
"""After an answer that was too large or took too long: as little as possible, the rest is fetched room by room."""


class SyncLoop:
    """One long poll after the other.

    Args:
        client: logged in, keys uploaded.
        notify: called when the inbox got something new.
    """

    def __init__(
        self,
        *,
        client: GuardedClient,
        database: Database,
        queues: Queues,
        health: Health,
        notify: Callable[[], None],
    ) -> None:
        self._client = client
        self._database = database
        self._inbox = queues.inbox
        self._outbox = queues.outbox
        self._health = health
        self._notify = notify
        self._needs_full_state = True  # nio keeps rooms in memory only
        self._is_narrow = False

    async def run(self) -> None:
        """Sync until cancelled.

        Raises:
            DeviceUnusable: going on is pointless, and logging in again would change the bot's device.
        """
        waiting_times = delays()
        while True:
            try:
                await self.sync_once()
            except DeviceUnusable:
                self._health.token_valid = False
                raise
            except LeaseLost:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the loop must go on
                wish = error.retry_after if isinstance(error, RequestFailed) else None
                pause = max(next(waiting_times), wish or 0.0)
                SYNCS.labels("failed").inc()
                logger.warning("sync failed component=sync error=%s retry_s=%.1f", type(error).__name__, pause)
                await asyncio.sleep(pause)
            else:
                waiting_times = delays()

    async def sync_once(self) -> None:
        """One sync, stored."""
        since = await self._database.transaction(self._inbox.position)
        waiting = await self._in_state(State.WAITING_FOR_KEYS)
        response = await self._ask(since, _SHORT_POLL_MS if waiting else _LONG_POLL_MS)
        arrivals = [*departures(response), *invites(response, self._client.user_id)]
        if since is not None:  # a device on its first sync has no keys for what was said before it existed
            for room_id in response.rooms.join:
                arrivals += await self._room_arrivals(response, room_id, since)
        await self._commit(arrivals, response.next_batch)
        self._needs_full_state = False
        self._health.last_sync_at = datetime.now(UTC)
        SYNCS.labels("ok").inc()
        self._health.token_valid = True
        if arrivals:
            self._notify()
        await self._client.maintain_keys()
        await self.retry_waiting(has_new_keys=bool(response.to_device_events))

    async def _ask(self, since: str | None, poll_ms: int) -> SyncResponse:
        is_full = self._needs_full_state
        try:
            async with asyncio.timeout(_LONGEST_SYNC_SECONDS):
                response: SyncResponse = ok(
                    await self._client.sync(
                        timeout=0 if is_full else poll_ms,
                        since=since,
                        full_state=is_full,
                        sync_filter=_NARROW if self._is_narrow else _FILTER,
                    )
                )
        except (AnswerTooLarge, TimeoutError) as error:
            self._is_narrow = True
            if isinstance(error, AnswerTooLarge):
                SYNCS.labels("too_large").inc()
            raise
        self._is_narrow = False
        return response

    async def _commit(self, arrivals: Sequence[Arrival], next_batch: str) -> None:
        now = datetime.now(UTC)

        def work(connection: Connection) -> None:
            self._inbox.store(connection, arrivals, next_batch, now)

        await self._database.transaction(work)

    async def _room_arrivals(self, response: SyncResponse, room_id: str, since: str) -> list[Arrival]:
        timeline = response.rooms.join[room_id].timeline
        events = list(timeline.events)
        if timeline.limited and timeline.prev_batch:  # N8
            events = await self._gap(room_id, timeline.prev_batch, since) + events
        room = self._client.rooms.get(room_id)
        if room is None or not room.encrypted:
            return []
        return list(room_arrivals(events, room_id, self._client.user_id))

    async def _gap(self, room_id: str, prev_batch: str, since: str) -> list[Any]:
        try:
            earlier = await fetch_gap(self._client, room_id, prev_batch, since)
        except RequestFailed as error:
            if not error.is_final:
                raise
            # one room that is refused for good must not stop the others
            GAPS.labels("refused").inc()
            logger.error("gap refused component=sync errcode=%s", error.errcode)
            return []
        return [self._client.readable(event, room_id) for event in earlier]

    async def _in_state(self, *states: State) -> list[Entry]:
        def work(connection: Connection) -> list[Entry]:
            return self._inbox.in_state(connection, states, Kind.MESSAGE)

        return await self._database.transaction(work)

    async def retry_waiting(self, *, has_new_keys: bool) -> None:
        """Try the messages again whose keys were missing; ask for those again that waited too long.

        Args:
            has_new_keys: something came that may have brought keys, also for messages that were asked for again.
        """
        entries = await self._in_state(*(UNREADABLE if has_new_keys else [State.WAITING_FOR_KEYS]))
        if not entries:
            return
        await self._client.query_keys()
        now = datetime.now(UTC)
        reasons = [self._client.why_unreadable(entry.room_id, entry.content) for entry in entries]
        seen = [(entry, self._read(entry), reason) for entry, reason in zip(entries, reasons, strict=True)]

        def work(connection: Connection) -> bool:
            is_new = [self._settle(connection, *one, now) for one in seen]
            return any(is_new)

        if await self._database.transaction(work):
            self._notify()

    def _read(self, entry: Entry) -> Arrival | Unprocessed | None:
        """What the entry is by now; None: as unreadable as before."""
        event = self._client.readable(Event.parse_event(entry.content), entry.room_id)
        if is_encrypted(event):
            return None
        return arrival_of(event, entry.room_id, self._client.user_id) or Unprocessed.IGNORED

    def _settle(
        self,
        connection: Connection,
        entry: Entry,
        read: Arrival | Unprocessed | None,
        reason: Unreadable | None,
        now: datetime,
    ) -> bool:
        """Returns whether there is something new to be done."""
        if isinstance(read, Arrival):
            if entry.state is State.ASKED and self._inbox.was_followed(connection, entry):
                self._inbox.finish(connection, entry.id)  # it was sent again: once is enough
                return False
            self._inbox.replace(connection, entry, read)
            UNDECRYPTABLE.labels("readable_later").inc()
            return True
        if read is Unprocessed.IGNORED or now - entry.received_at >= KEY_HOPE:
            self._inbox.finish(connection, entry.id)
            return False
        if entry.state is State.ASKED or (reason is None and now - entry.received_at < KEY_PATIENCE):
            return False
        return self._ask_again(connection, entry, reason, now)

    def _ask_again(self, connection: Connection, entry: Entry, reason: Unreadable | None, now: datetime) -> bool:
        """Tell the sender once what to do, as a reply to what cannot be read."""
        was_asked = self._inbox.was_asked(connection, entry.room_id, now - _ASK_AGAIN_AFTER)
        self._inbox.set_asked(connection, entry.id)
        if not was_asked:
            action, text = _ADVICE[reason]
            content = in_reply_to(entry.event_id, text_content(say(text)))
            txn_id = transaction_id(entry.event_id, "please send again")
            self._outbox.add_once(connection, entry.room_id, txn_id, action, content)
        UNDECRYPTABLE.labels("not_asked" if was_asked else "asked").inc()
        logger.warning("undecryptable component=sync asked=%s", not was_asked)
        return not was_asked
