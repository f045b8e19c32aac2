"""The durable queues of one bot, which all are read and written through the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Connection

from tim_bots.cipher import Cipher
from tim_bots.dead_letters import DeadLetters
from tim_bots.flow import CancelTimer, Outgoing, SetTimer
from tim_bots.inbox import Inbox
from tim_bots.outbox import Outbox
from tim_bots.timers import Timers


@dataclass(frozen=True, slots=True)
class Queues:
    """What came in, what goes out, what is due, and what could not be done."""

    inbox: Inbox
    outbox: Outbox
    timers: Timers
    dead_letters: DeadLetters

    @classmethod
    def of(cls, cipher: Cipher, operator_room: str | None = None) -> Self:
        """The queues that `cipher` opens.

        Args:
            cipher: of the database.
            operator_room: see `DeadLetters`.
        """
        inbox, outbox = Inbox(cipher), Outbox(cipher)
        return cls(inbox, outbox, Timers(cipher, inbox), DeadLetters(inbox, outbox, operator_room))

    def answer(
        self,
        connection: Connection,
        room_id: str,
        event_id: str,
        answers: Sequence[Outgoing],
        *,
        is_reply: bool = False,
    ) -> None:
        """Store what a flow answers to one event: what is sent, and the timers; see `Outbox.answer`."""
        says = [answer for answer in answers if not isinstance(answer, SetTimer | CancelTimer)]
        self.outbox.answer(connection, room_id, event_id, says, is_reply=is_reply)
        for answer in answers:
            match answer:
                case SetTimer(key, due, payload):
                    self.timers.set(connection, answer.room_id or room_id, key, due, payload)
                case CancelTimer(key):
                    self.timers.cancel(connection, answer.room_id or room_id, key)

    def skip_the_past(self, connection: Connection, now: datetime) -> None:
        """After a backup was restored: do nothing that may have been done since the backup was made.

        What was open then, or was said since, was answered by the bot that ran on, or is said again by people;
        doing it now would book or answer twice. Dead letters and coming timers stay.
        """
        self.inbox.skip_the_past(connection)
        self.outbox.skip_the_past(connection)
        self.timers.skip_the_past(connection, now)
