"""Hands the inbox to the flow: one message after the other, each with all its effects or none of them."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from tim_bots.backoff import delays
from tim_bots.database import DATABASE_DOWN, Database
from tim_bots.flow import Flow, Incoming, MessageKind, SendText
from tim_bots.inbox import Entry, Kind
from tim_bots.incoming import related_event_id
from tim_bots.messages import say
from tim_bots.metrics import HANDLED
from tim_bots.outbox import Action, text_content, transaction_id
from tim_bots.queues import Queues

logger = logging.getLogger(__name__)

PAUSES = (timedelta(seconds=2), timedelta(seconds=15))
"""Before the second and the third attempt at a message on which the flow failed; then it is a dead letter."""

_AT_ONCE = 50
"""Messages per transaction: each has its own savepoint, all share one wait for the disk."""
_JUST_NOW = 1.0
_LONGEST_SLEEP = 10.0
"""A command in another process may have put something into the database."""


class Worker:
    """Takes ready messages in the order in which they became readable.

    Args:
        database: of the bot.
        queues: of the bot.
        flow: decides.
        own_user_id: the bot's.
        notify: called when the outbox got something new.
    """

    def __init__(
        self, database: Database, queues: Queues, flow: Flow, own_user_id: str, notify: Callable[[], None]
    ) -> None:
        self._database = database
        self._queues = queues
        self._flow = flow
        self._own_user_id = own_user_id
        self._notify = notify
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """The inbox got something new."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        waiting_times = delays()
        while True:
            self._wake.clear()
            try:
                while await self.handle_some():
                    waiting_times = delays()
                pause = await self._seconds_until_next()
            except DATABASE_DOWN as error:
                logger.error("database failed component=worker error=%s", type(error).__name__)
                pause = next(waiting_times)
            self._notify()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def handle_some(self) -> int:
        """Handle what is ready, up to a limit.

        Returns:
            How many there were.
        """
        count = await self._database.transaction(self._handle_some)
        if count:
            self._notify()
        return count

    async def _seconds_until_next(self) -> float:
        def work(connection: Connection) -> float:
            due = (self._queues.timers.next_due(connection), self._queues.inbox.next_attempt_at(connection))
            now = datetime.now(UTC)
            waits = [(at - now).total_seconds() for at in due if at is not None]
            # what was due and was not taken waits for something else, e.g. for the invite of its room
            return min([_LONGEST_SLEEP, *(max(wait, 0.01) for wait in waits if wait > -_JUST_NOW)])

        return await self._database.transaction(work)

    def _handle_some(self, connection: Connection) -> int:
        now = datetime.now(UTC)
        self._queues.timers.fire(connection, now)
        for count in range(_AT_ONCE):
            entry = self._queues.inbox.next_message(connection, now)
            if entry is None:
                return count
            self._handle(connection, entry, now)
        return _AT_ONCE

    def _handle(self, connection: Connection, entry: Entry, now: datetime) -> None:
        try:
            with connection.begin_nested():
                self._dispatch(connection, entry)
                self._queues.inbox.finish(connection, entry.id)
            HANDLED.labels("done").inc()
        except DATABASE_DOWN:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a flow raises, the other rooms go on
            self._note_failure(connection, entry, type(error).__name__, now)

    def _dispatch(self, connection: Connection, entry: Entry) -> None:
        match entry.kind:
            case Kind.NOT_ENCRYPTED:
                self._refuse_plain_text(connection, entry)
            case Kind.LEFT:
                self._queues.timers.cancel_room(connection, entry.room_id)
                self._queues.inbox.close_room(connection, entry.room_id)
                self._queues.outbox.close_room(connection, entry.room_id)
            case _:
                self._ask_flow(connection, self._read(connection, entry))

    def _ask_flow(self, connection: Connection, message: Incoming) -> None:
        answers = self._flow.handle(connection, message)
        self._queues.answer(connection, message.room_id, message.event_id, answers, is_reply=message.is_in_thread)

    def _read(self, connection: Connection, entry: Entry) -> Incoming:
        """What an entry is to the flow."""
        if entry.kind is Kind.TIMER:
            kind, text, sender = MessageKind.TIMER, entry.content["key"], self._own_user_id
            event_type, content = "", entry.content["payload"]
        else:
            kind, text, sender = MessageKind(entry.content["kind"]), entry.content["text"], entry.content["sender"]
            event_type, content = entry.content.get("event_type", "m.room.message"), entry.content.get("content", {})
        related = related_event_id(content) if isinstance(content, Mapping) else None
        return Incoming(
            room_id=entry.room_id,
            event_id=entry.event_id,
            sender=sender,
            kind=kind,
            text=text,
            received_at=entry.received_at,
            event_type=event_type,
            content=content,
            about=None if related is None else self._queues.outbox.label_of(connection, entry.room_id, related),
        )

    def _refuse_plain_text(self, connection: Connection, entry: Entry) -> None:
        if not self._queues.inbox.was_told_before(connection, entry):
            text = SendText(say("chassis-message-not-encrypted"))
            self._queues.outbox.answer(connection, entry.room_id, entry.event_id, [text])

    def _note_failure(self, connection: Connection, entry: Entry, error: str, now: datetime) -> None:
        logger.error("flow failed component=worker error=%s attempt=%d", error, entry.attempts + 1)
        is_dead = entry.attempts >= len(PAUSES)
        HANDLED.labels("dead" if is_dead else "retried").inc()
        if not is_dead:
            self._queues.inbox.postpone(connection, entry.id, now + PAUSES[entry.attempts], error)
            return
        self._queues.inbox.fail(connection, entry.id, error)
        self._queues.dead_letters.tell_operator(connection, f"in-{entry.id}", entry.room_id, entry.kind, error)
        if entry.kind is Kind.MESSAGE:  # somebody waits for an answer
            self._queues.outbox.add_once(
                connection,
                entry.room_id,
                transaction_id(entry.event_id, "failed"),
                Action.SEND_ENCRYPTED,
                text_content(say("chassis-failed")),
            )
