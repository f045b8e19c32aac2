"""The durable queues of one bot, which all are read and written through the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Connection

from tim_bots.cipher import Cipher
from tim_bots.dead_letters import DeadLetters
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

    def skip_the_past(self, connection: Connection, now: datetime) -> None:
        """After a backup was restored: do nothing that may have been done since the backup was made.

        What was open then, or was said since, was answered by the bot that ran on, or is said again by people;
        doing it now would book or answer twice. Dead letters and coming timers stay.
        """
        self.inbox.skip_the_past(connection)
        self.outbox.skip_the_past(connection)
        self.timers.skip_the_past(connection, now)
