"""Somebody wants to talk to a person: a case like any other, with the conversation relayed both ways."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection

from tim_bots.cipher import Cipher
from tim_bots.counter.attachments import sendable
from tim_bots.counter.case import (
    Accept,
    Ask,
    Asker,
    Attachment,
    CounterCase,
    Decision,
    Decline,
    HandOver,
    Member,
    Urgency,
)
from tim_bots.counter.counter import QUIET, Counter
from tim_bots.counter.orders import LONGEST_TEXT
from tim_bots.dialogue.folding import without_quote
from tim_bots.dialogue.memory import Memory
from tim_bots.dialogue.who import Lookup, Who
from tim_bots.flow import Incoming, MessageKind, Outgoing, SendEvent, SendFile, SendText
from tim_bots.messages import say

KIND = "person"


class PersonWanted:
    """Opens the cases, relays, and carries the staff's decisions out (a `tim_bots.counter.case.CounterFlow`).

    Args:
        counter: takes the cases.
        cipher: opens what the bot remembers about rooms.
        practice: how it is called in texts.
    """

    kind = KIND

    def __init__(self, counter: Counter, cipher: Cipher, practice: str) -> None:
        self._counter = counter
        self._lookup = Lookup(cipher)
        self._memory = Memory(cipher)
        self._practice = practice

    def is_member(self, user_id: str) -> bool:
        """Whether somebody works at the counter."""
        return self._counter.config.member(user_id) is not None

    def wanted(self, connection: Connection, who: Who, concern: str | None, now: datetime) -> tuple[Outgoing, ...]:
        """Somebody wants to talk to a person; who asks again is not a second case.

        Args:
            connection: of the transaction.
            who: wants it.
            concern: as the operator called it; None: none was chosen.
            now: timezone-aware.
        """
        stored = self._counter.book.open_in_room(connection, KIND, who.room_id)
        if stored is not None:
            text = say("counter-asks-again", number=str(stored.number))
            return self._counter.tell(connection, stored.case.case_id, text, f"again {uuid4()}")
        case = CounterCase(
            kind=KIND,
            case_id=uuid4(),
            title=say("counter-person-wanted") if concern is None else concern,
            lines=(say("counter-person-how"),),
            urgency=Urgency.ROUTINE,
            asker=Asker(who.room_id, who.user_id),
            opened_at=now,
            can_be_joined=True,
        )
        return self._counter.open(connection, case)[1]

    def overheard(self, connection: Connection, message: Incoming, now: datetime) -> tuple[Outgoing, ...]:
        """Pass on what is said in a room in which the bot keeps silent because somebody waits for a person."""
        stored = self._counter.book.open_in_room(connection, KIND, message.room_id)
        if stored is None or stored.temporary_room == message.room_id or self.is_member(message.sender):
            return ()
        file = sendable(message.content) if message.kind is MessageKind.ATTACHMENT else None
        text = without_quote(message.text) if message.kind is MessageKind.TEXT else ""
        if len(text) > LONGEST_TEXT:
            return (SendText(say("counter-too-long-to-pass-on")),)
        if not text and file is None:
            return (SendText(say("counter-cannot-pass-on")),)
        return self._counter.answered(connection, stored.case.case_id, text, message.event_id, now, file)

    def decide(
        self, connection: Connection, case_id: UUID, decision: Decision, member: Member, now: datetime
    ) -> Sequence[Outgoing]:
        """See `CounterFlow.decide`."""
        del now
        stored = self._counter.book.by_id(connection, case_id)
        if stored is None:
            return ()
        asker = stored.case.asker
        match decision:
            case Ask(text, attachment):
                self._set_silent(connection, asker, is_silent=True)  # so that the answer comes back
                return self._said(asker, member, text, attachment, "counter-member-asks")
            case Accept(text, attachment):
                self._set_silent(connection, asker, is_silent=False)
                said = self._said(asker, member, text, attachment, "counter-member-says")
                return (*said, self._text(asker, say("counter-person-done", practice=self._practice)))
            case Decline(reason):
                self._set_silent(connection, asker, is_silent=False)
                told = say("counter-person-declined", practice=self._practice, reason=reason)
                return (self._text(asker, told),)
            case HandOver():
                return (self._text(asker, say("counter-person-handed-over")),)

    def _said(
        self, asker: Asker, member: Member, text: str, attachment: Attachment | None, message_id: str
    ) -> tuple[Outgoing, ...]:
        told = say(message_id, name=member.name, practice=self._practice, text=text)
        said = (self._text(asker, told),) if text else ()
        if attachment is None:
            return said
        if attachment.content:
            return *said, SendEvent("m.room.message", {**attachment.content, **QUIET}, room_id=asker.room_id)
        file = SendFile(attachment.file_name, attachment.mime_type, attachment.data, QUIET, room_id=asker.room_id)
        return *said, file

    def _text(self, asker: Asker, text: str) -> SendText:
        return SendText(text, extra=QUIET, room_id=asker.room_id)

    def _set_silent(self, connection: Connection, asker: Asker, *, is_silent: bool) -> None:
        who = self._lookup.who(asker.room_id, asker.user_id)
        manners = self._memory.manners(connection, who)
        self._memory.remember_manners(connection, who, manners.silent(is_silent))
