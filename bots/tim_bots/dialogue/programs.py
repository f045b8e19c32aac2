"""Structured messages of other programs: understood and answered, or refused with a reason; never guessed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, String, Table, delete, insert, select

from tim_bots.database import metadata
from tim_bots.dialogue.commands import read_spoken
from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Said, Say
from tim_bots.dialogue.player import Played, Player
from tim_bots.dialogue.who import Who
from tim_bots.flow import Incoming, Outgoing, SendText
from tim_bots.points_in_time import to_ms
from tim_bots.structured.reading import Refusal, read_step
from tim_bots.structured.status import read_request, response
from tim_bots.structured.step import FlowStep
from tim_bots.structured.usage import Direction, count_step

_seen = Table(
    "structured_seen",
    metadata,
    Column("person_key", String(64), primary_key=True),
    Column("msg_id", String(36), primary_key=True),
    Column("seen_at_ms", BigInteger, nullable=False, index=True),
)
_REMEMBERED = timedelta(days=30)
"""Nobody repeats an older message, and the inbox knows every event anyway."""

_ANSWERS = frozenset({"offer", "confirm", "reminder", "reschedule", "record", "accept", "decline"})
"""Steps with which practices answer: from another bot they ask for nothing."""


class Programs:
    """Takes structured messages.

    Args:
        player: plays the skills.
        own_device: returns the bot's device id.
    """

    def __init__(self, player: Player, own_device: Callable[[], str]) -> None:
        self._player = player
        self._own_device = own_device

    def hear(
        self, connection: Connection, message: Incoming, who: Who, conversation: Conversation | None, now: datetime
    ) -> tuple[Outgoing, ...]:
        """Take one message.

        Args:
            connection: of the transaction.
            message: of kind DATA.
            who: sent it.
            conversation: open with them; None if none is.
            now: timezone-aware.
        """
        step = read_step(message.event_type, message.content, message.event_id)
        if isinstance(step, Refusal):
            return self._refuse(message, step, now)
        if self._is_known(connection, who, step, now):
            return ()
        count_step(connection, Direction.RECEIVED, step)
        if step.step in _ANSWERS:
            return self._status(message, None, now)
        said = Said(read_spoken(""), now)
        for skill in self._player.skills:
            is_own = conversation is not None and conversation.dialogue == skill.dialogue.name
            played = self._player.play(connection, skill, who, conversation if is_own else None, said, step)
            if played is not None:
                return (*played.answers, *self._status(message, _problem(played), now))
        return self._refuse(message, Refusal.UNKNOWN_STEP, now)

    def _is_known(self, connection: Connection, who: Who, step: FlowStep, now: datetime) -> bool:
        """Whether this message came before; remembers it, and forgets old ones."""
        connection.execute(delete(_seen).where(_seen.c.seen_at_ms <= to_ms(now - _REMEMBERED)))
        row = {"person_key": who.person_key, "msg_id": str(step.msg_id)}
        if connection.execute(select(_seen).filter_by(**row)).first() is not None:
            return True
        connection.execute(insert(_seen).values(**row, seen_at_ms=to_ms(now)))
        return False

    def _refuse(self, message: Incoming, refusal: Refusal, now: datetime) -> tuple[Outgoing, ...]:
        """Tell the program, and the people who may be in the room; a notice is answered by no bot."""
        text = self._player.say(Say(f"structured-{refusal}"))
        return SendText(text, is_notice=True), *self._status(message, text, now)

    def _status(self, message: Incoming, problem: str | None, now: datetime) -> tuple[Outgoing, ...]:
        request = read_request(message.content, message.received_at, self._own_device())
        if request is None or (request.expires_at is not None and now > request.expires_at):
            return ()
        return (response(message.event_id, self._own_device(), problem),)


def _problem(played: Played) -> str | None:
    if played.is_done:
        return None
    texts = [answer.text for answer in played.answers if isinstance(answer, SendText)]
    return texts[0] if texts else None
