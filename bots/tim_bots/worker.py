"""Hands the inbox to the flow, one message at a time, each in one transaction with its answers."""

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from tim_bots.backoff import delays
from tim_bots.database import Database
from tim_bots.flow import Flow, Incoming, MessageKind, SendText
from tim_bots.inbox import Entry, Inbox, Kind
from tim_bots.incoming import related_event_id
from tim_bots.messages import say
from tim_bots.outbox import Action, Outbox, text_content, transaction_id

logger = logging.getLogger(__name__)


class FlowFailed(Exception):
    """Carries the entry out of the transaction that is rolled back.

    Args:
        entry: what the flow was given.
        cause: name of the exception class; its text may hold personal data.
    """

    def __init__(self, entry: Entry, cause: str) -> None:
        super().__init__(cause)
        self.entry = entry
        self.cause = cause


class Worker:
    """Takes ready messages in the order in which they became readable.

    Args:
        notify: called when the outbox got something new.
    """

    def __init__(
        self, database: Database, inbox: Inbox, outbox: Outbox, flow: Flow, notify: Callable[[], None]
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._outbox = outbox
        self._flow = flow
        self._notify = notify
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """The inbox got something new."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        waiting_times = delays()
        self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while await self.handle_one():
                    waiting_times = delays()
            except OperationalError as error:  # disk full, database locked: not the message's fault
                logger.error("database failed component=worker error=%s", type(error).__name__)
                await asyncio.sleep(next(waiting_times))
                self._wake.set()

    async def handle_one(self) -> bool:
        """Handle the next message.

        Returns:
            Whether there was one.
        """
        try:
            did_work = await self._database.transaction(self._handle)
        except FlowFailed as failure:
            logger.error("flow failed component=worker error=%s", failure.cause)
            entry = failure.entry
            await self._database.transaction(lambda connection: self._apologise(connection, entry))
            did_work = True
        if did_work:
            self._notify()
        return did_work

    def _handle(self, connection: Connection) -> bool:
        entry = self._inbox.next_message(connection)
        if entry is None:
            return False
        if entry.kind is Kind.NOT_ENCRYPTED:
            self._refuse_plain_text(connection, entry)
        else:
            message = read_message(connection, self._outbox, entry)
            give_to_flow(connection, self._flow, self._outbox, entry, message)
        self._inbox.finish(connection, entry.id)
        return True

    def _refuse_plain_text(self, connection: Connection, entry: Entry) -> None:
        if not self._inbox.was_told_before(connection, entry):
            text = SendText(say("chassis-message-not-encrypted"))
            self._outbox.answer(connection, entry.room_id, entry.event_id, [text])

    def _apologise(self, connection: Connection, entry: Entry) -> None:
        apologise(connection, self._inbox, self._outbox, entry)


def read_message(connection: Connection, outbox: Outbox, entry: Entry) -> Incoming:
    """What a message entry is to the flow."""
    content = entry.content.get("content", {})
    related = related_event_id(content)
    return Incoming(
        room_id=entry.room_id,
        event_id=entry.event_id,
        sender=entry.content["sender"],
        kind=MessageKind(entry.content["kind"]),
        text=entry.content["text"],
        received_at=entry.received_at,
        event_type=entry.content.get("event_type", "m.room.message"),
        content=content,
        about=None if related is None else outbox.label_of(connection, entry.room_id, related),
    )


def give_to_flow(connection: Connection, flow: Flow, outbox: Outbox, entry: Entry, message: Incoming) -> None:
    """Let the flow decide and store its answers.

    Raises:
        FlowFailed: the flow, or storing what it answered, did; nothing of it must be committed.
        OperationalError: the database cannot work now; the message is to be tried again.
    """
    try:
        answers = flow.handle(connection, message)
        outbox.answer(connection, entry.room_id, entry.event_id, answers, message.thread_id)
    except OperationalError:
        raise
    except Exception as error:
        raise FlowFailed(entry, type(error).__name__) from error


def apologise(connection: Connection, inbox: Inbox, outbox: Outbox, entry: Entry) -> None:
    """Keep the entry for the operator and tell the person that nothing was done."""
    inbox.fail(connection, entry.id)
    outbox.add(
        connection,
        entry.room_id,
        transaction_id(entry.event_id, "failed"),
        Action.SEND_ENCRYPTED,
        text_content(say("chassis-failed")),
    )
