"""The counter room: the staff's orders in, decisions out. Everything else goes to the flow behind it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from tim_bots.counter.attachments import caption_of, file_name_of, sendable
from tim_bots.counter.book import StoredCase, WaitingFile
from tim_bots.counter.card import message_label, number_of
from tim_bots.counter.case import Accept, Ask, Attachment, Decision, Decline, HandOver, Member
from tim_bots.counter.counter import QUIET, Counter, Done, Refused
from tim_bots.counter.meeting import Meetings
from tim_bots.counter.orders import Misread, Order, Verb, read_order
from tim_bots.counter.schedule import SUMMARY_TIMER, is_overdue_timer
from tim_bots.counter.states import FINAL
from tim_bots.flow import Flow, Incoming, InviteUser, MessageKind, Outgoing, SendText
from tim_bots.messages import say

_DONE = {
    Verb.OK: "counter-done-ok",
    Verb.NO: "counter-done-no",
    Verb.ASK: "counter-done-ask",
    Verb.DOCTOR: "counter-done-doctor",
    Verb.TAKE: "counter-done-take",
    Verb.RELEASE: "counter-done-release",
    Verb.JOIN: "counter-done-join",
    Verb.ROOM: "counter-done-room",
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CounterDesk:
    """Answers in the counter room (a `tim_bots.flow.Flow`).

    Args:
        counter: the cases.
        behind: takes the messages of all other rooms.
        practice: how it is called in texts.
        meetings: temporary rooms.
        clock: returns the current time, timezone-aware.
    """

    def __init__(
        self,
        counter: Counter,
        behind: Flow,
        practice: str,
        meetings: Meetings,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.counter = counter
        self._behind = behind
        self._practice = practice
        self._meetings = meetings
        self._clock = clock

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        """See `tim_bots.flow.Flow.handle`."""
        if message.room_id != self.counter.staff_room:
            return self._behind.handle(connection, message)
        now = self._clock()
        answers: Sequence[Outgoing]
        match message.kind:
            case MessageKind.TIMER:
                answers = self._timed(connection, message, now)
            case MessageKind.ROOM_JOINED:
                greeting = SendText(say("counter-greeting", practice=self._practice))
                answers = (greeting, *self.counter.summary_timer(now))
            case MessageKind.TEXT | MessageKind.ATTACHMENT:
                answers = self._hear(connection, message, now)
            case MessageKind.ROOM_CREATED:
                answers = self._meetings.created(connection, message)
            case MessageKind.INVITE_RESULT | MessageKind.ROLES:
                answers = self._behind.handle(connection, message)
            case _:
                answers = ()
        return answers

    def _timed(self, connection: Connection, message: Incoming, now: datetime) -> Sequence[Outgoing]:
        if message.text == SUMMARY_TIMER:
            return self.counter.summary(connection, now)
        if is_overdue_timer(message.text):
            return self.counter.overdue(connection, int(message.content["number"]), now)
        return self._behind.handle(connection, message)

    def _hear(self, connection: Connection, message: Incoming, now: datetime) -> tuple[Outgoing, ...]:
        about = number_of(message.about)
        is_file = message.kind is MessageKind.ATTACHMENT
        order = read_order(caption_of(message.content) if is_file else message.text, about)
        if order is None or (is_file and about is None and isinstance(order, Misread)):
            return ()
        member = self.counter.config.member(message.sender)
        if member is None:
            return (self._text(say("counter-not-a-member")),)
        if isinstance(order, Misread) and is_file and about is not None:
            return self._keep_file(connection, message, about, member, now)
        if isinstance(order, Misread):
            return (self._text(say(order)),)
        if order.number is None:
            return (self._text(self._list(connection, order.verb, member, now)),)
        return self._about_one(connection, message, order, order.number, member, now)

    def _about_one(
        self,
        connection: Connection,
        message: Incoming,
        order: Order,
        number: int,
        member: Member,
        now: datetime,
    ) -> tuple[Outgoing, ...]:
        stored = self.counter.book.by_number(connection, number)
        if stored is None:
            return (self._text(say("counter-no-such-number", number=str(number))),)
        if order.verb is Verb.SHOW:
            label = message_label(stored.number, message.event_id)
            return (SendText(self.counter.cards.card(stored), extra=QUIET, label=label),)
        return self._carry_out(connection, message, order, stored, member, now)

    def _carry_out(
        self,
        connection: Connection,
        message: Incoming,
        order: Order,
        stored: StoredCase,
        member: Member,
        now: datetime,
    ) -> tuple[Outgoing, ...]:
        attachment = _attachment(message, order, stored, member)
        if isinstance(attachment, Refused):
            return (self._text(attachment.text),)
        outcome = self._outcome(connection, order, attachment, stored, member, now)
        if isinstance(outcome, Refused):
            return (self._text(outcome.text),)
        told = say(_DONE[order.verb], number=str(stored.number), name=member.name)
        return *outcome.answers, SendText(told, is_notice=True)

    def _outcome(
        self,
        connection: Connection,
        order: Order,
        attachment: Attachment | None,
        stored: StoredCase,
        member: Member,
        now: datetime,
    ) -> Done | Refused:
        match order.verb:
            case Verb.TAKE:
                return self.counter.claim(connection, stored, member, now)
            case Verb.RELEASE:
                return self.counter.release(connection, stored, member, now)
            case Verb.JOIN:
                return self._join(connection, stored, member, now)
            case Verb.ROOM:
                return self._meetings.begin(connection, stored, member, now)
            case _:
                return self.counter.decide(connection, stored, _decision(order, attachment), member, now)

    def _join(self, connection: Connection, stored: StoredCase, member: Member, now: datetime) -> Done | Refused:
        """Invite a member to where the asker is; from then on they talk there."""
        if not stored.case.can_be_joined or member.user_id is None:
            return Refused(say("counter-cannot-join", number=str(stored.number)))
        room_id = stored.case.asker.room_id
        invite = InviteUser(member.user_id, room_id)
        if stored.standing.claimed_by == member.key and stored.standing.state not in FINAL:
            joined = Done(stored, ())
        else:
            claimed = self.counter.claim(connection, stored, member, now)
            if isinstance(claimed, Refused):
                return claimed
            joined = claimed
        self.counter.book.set_temporary_room(connection, joined.stored, room_id)
        return Done(joined.stored, (*joined.answers, invite))

    def _list(self, connection: Connection, verb: Verb, member: Member, now: datetime) -> str:
        if verb is Verb.HELP:
            return say("counter-help")
        claimed_by = member.key if verb is Verb.MINE else None
        lines = self.counter.open_list(connection, now, claimed_by)
        return lines or say("counter-none-open" if claimed_by is None else "counter-none-yours")

    def _keep_file(
        self, connection: Connection, message: Incoming, number: int, member: Member, now: datetime
    ) -> tuple[Outgoing, ...]:
        """A file on a card without an order: many clients cannot write one to it. It waits for the next order."""
        file, stored = sendable(message.content), self.counter.book.by_number(connection, number)
        if file is None or stored is None:
            return (self._text(say("counter-file-not-usable")),)
        answers: tuple[Outgoing, ...] = ()
        if stored.standing.claimed_by != member.key or stored.standing.state in FINAL:
            claimed = self.counter.claim(connection, stored, member, now)
            if isinstance(claimed, Refused):
                return (self._text(claimed.text),)
            stored, answers = claimed.stored, claimed.answers
        self.counter.book.keep_file(connection, stored, WaitingFile(member=member.key, content=file))
        return *answers, self._text(say("counter-file-waits", number=str(number)))

    def _text(self, text: str) -> SendText:
        return SendText(text, extra=QUIET)


def _decision(order: Order, attachment: Attachment | None) -> Decision:
    match order.verb:
        case Verb.OK:
            return Accept(order.text, attachment)
        case Verb.NO:
            return Decline(order.text)
        case Verb.ASK:
            return Ask(order.text, attachment)
        case _:
            return HandOver()


def _attachment(message: Incoming, order: Order, stored: StoredCase, member: Member) -> Attachment | Refused | None:
    """The file that goes with an order: the one it was written to, or the one that waits."""
    is_answer = order.verb in {Verb.OK, Verb.ASK}
    if message.kind is MessageKind.ATTACHMENT:
        file = sendable(message.content)
        if file is None or not is_answer:
            return Refused(say("counter-file-not-usable"))
        return Attachment(file_name_of(message.content), file)
    if stored.file is None or stored.file.member != member.key or not is_answer:
        return None
    return Attachment(file_name_of(stored.file.content), stored.file.content)
