"""What could not be done after all attempts: kept, told to the operator, and tried again or dropped by them.

The operator's text carries no health data and nobody's name: a number, what kind of thing it is, and the class of
the fault.
"""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection

from tim_bots.inbox import DeadLetter, Inbox
from tim_bots.messages import say
from tim_bots.outbox import Action, Outbox, text_content, transaction_id
from tim_policy.errors import TimError

MESSAGES = ("chassis-operator-dead-letter",)


class NoSuchLetter(TimError):
    """There is no dead letter of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no dead letter {name}; see them with: tim bot dead-letters list")


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters of inbox and outbox.

    Args:
        inbox, outbox: of the bot.
        operator_room: encrypted room where the operator is told; None: nobody is.
    """

    inbox: Inbox
    outbox: Outbox
    operator_room: str | None = None

    def tell_operator(self, connection: Connection, name: str, room_id: str, what: str, error: str) -> None:
        """Say in the operator's room that there is a new dead letter.

        Args:
            connection: of the transaction that makes it one.
            name, what, error: see `DeadLetter`.
            room_id: where it belongs; what failed in the operator's own room is not told there.
        """
        if self.operator_room is None or room_id == self.operator_room:
            return
        text = say("chassis-operator-dead-letter", name=name, what=what, error=error)
        # one that dies again after a retry is told again: a repeated id would be the same event to the homeserver
        self.outbox.add(
            connection,
            self.operator_room,
            transaction_id(name, f"dead letter {uuid4()}"),
            Action.SEND_ENCRYPTED,
            text_content(text),
        )

    def all(self, connection: Connection) -> list[DeadLetter]:
        """All dead letters."""
        return self.inbox.dead(connection) + self.outbox.dead(connection)

    def retry(self, connection: Connection, name: str) -> None:
        """Give a dead letter all its attempts again.

        Raises:
            NoSuchLetter: there is none of that name.
        """
        box, number = self._find(name)
        if not box.revive(connection, number):
            raise NoSuchLetter(name)

    def drop(self, connection: Connection, name: str) -> None:
        """Erase a dead letter.

        Raises:
            NoSuchLetter: there is none of that name.
        """
        box, number = self._find(name)
        if not box.drop(connection, number):
            raise NoSuchLetter(name)

    def _find(self, name: str) -> tuple[Inbox | Outbox, int]:
        kind, _, number = name.partition("-")
        if kind not in {"in", "out"} or not (number.isascii() and number.isdecimal()):
            raise NoSuchLetter(name)
        return (self.inbox if kind == "in" else self.outbox), int(number)
