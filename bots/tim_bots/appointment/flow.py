"""The appointment flow: one message in, answers out, everything in the chassis' transaction."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from tim_bots.appointment.booking import Booking
from tim_bots.appointment.booking_book import BookingBook
from tim_bots.appointment.calendar import free_slots
from tim_bots.appointment.config import CalendarConfig
from tim_bots.appointment.conversation import Conversation, RoomManners
from tim_bots.appointment.dialogue import (
    Book,
    Cancel,
    Plan,
    Say,
    Situation,
    plan,
    plan_after_loss,
    plan_unreadable,
)
from tim_bots.appointment.ics import MIME_TYPE, calendar_file
from tim_bots.appointment.memory import Memory
from tim_bots.appointment.reading import read
from tim_bots.appointment.who import Lookup, Who
from tim_bots.appointment.wording import in_full
from tim_bots.cipher import Cipher
from tim_bots.flow import Incoming, MessageKind, Outgoing, SendFile, SendText
from tim_bots.messages import say

_RESOURCE = "practice"
_UNREADABLE = {
    MessageKind.ATTACHMENT: "appointment-attachment",
    MessageKind.OTHER: "appointment-other-kind",
    MessageKind.UNDECRYPTABLE: "appointment-undecryptable",
}
_NOT_FOR_PEOPLE = {MessageKind.POLL_ANSWER, MessageKind.DATA, MessageKind.STATUS, MessageKind.INVITE_RESULT}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AppointmentFlow:
    """Offers, books, lists and cancels appointments (a `tim_bots.flow.Flow`).

    Args:
        calendar: opening hours and the rest of the practice's configuration.
        practice_name: how the practice is called in texts and calendar files.
        cipher: seals and hashes what identifies people.
        clock: returns the current time, timezone-aware.
    """

    def __init__(
        self,
        calendar: CalendarConfig,
        practice_name: str,
        cipher: Cipher,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._calendar = calendar
        self._practice_name = practice_name
        self._clock = clock
        self._lookup = Lookup(cipher)
        self._memory = Memory(cipher)
        self._book = BookingBook(cipher, _RESOURCE)

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        """See `tim_bots.flow.Flow.handle`."""
        now = self._clock()
        who = self._lookup.who(message.room_id, message.sender)
        before = self._memory.manners(connection, who)
        manners = before.with_person(who.person_key)
        if message.kind in _NOT_FOR_PEOPLE:
            return ()
        if message.kind is MessageKind.ROOM_JOINED:
            manners, answers = self._greet(manners)
        else:
            answers = self._converse(connection, message, who, self._situation(connection, who, manners, now))
            if not answers and manners.may_explain(now):
                answers = (self._text("appointment-help"),)
            if answers:
                manners = manners.explained(now)
        if manners != before:
            self._memory.remember_manners(connection, who, manners)
        return answers

    def _greet(self, manners: RoomManners) -> tuple[RoomManners, tuple[Outgoing, ...]]:
        if manners.is_greeted:
            return manners, ()
        return manners.model_copy(update={"is_greeted": True}), (self._text("appointment-greeting"),)

    def _converse(
        self, connection: Connection, message: Incoming, who: Who, situation: Situation
    ) -> tuple[Outgoing, ...]:
        before = self._memory.conversation(connection, who)
        planned = _plan(before, message, situation)
        after, answers = self._carry_out(connection, who, planned, situation)
        if after != before:
            self._memory.remember(connection, who, after)
        return answers

    def _carry_out(
        self, connection: Connection, who: Who, planned: Plan, situation: Situation
    ) -> tuple[Conversation, tuple[Outgoing, ...]]:
        after, action = planned
        match action:
            case Book(start):
                booked = self._book.book(connection, who, start, start + self._calendar.slot)
                if booked is not None:
                    return after, self._confirmation("appointment-booked", booked, situation)
                after, says = plan_after_loss(replace(situation, free=self._free(connection, situation.now)))
            case Cancel(booking):
                cancelled = self._book.cancel(connection, who, booking)
                if cancelled is not None:
                    return after, self._confirmation("appointment-cancelled", cancelled, situation)
                says = (Say("appointment-none-booked"),)
            case says:
                pass
        return after, self._texts(says)

    def _situation(self, connection: Connection, who: Who, manners: RoomManners, now: datetime) -> Situation:
        return Situation(
            now=now,
            zone=self._calendar.zone,
            free=self._free(connection, now),
            own=self._book.coming(connection, who, now),
            is_shared=manners.is_shared,
        )

    def _free(self, connection: Connection, now: datetime) -> tuple[datetime, ...]:
        until = now + self._calendar.horizon + self._calendar.slot
        return free_slots(self._calendar, self._book.busy_units(connection, now, until), now)

    def _confirmation(self, message_id: str, booking: Booking, situation: Situation) -> tuple[Outgoing, ...]:
        when = in_full(booking.start, situation.zone)
        data = calendar_file(
            booking,
            practice_name=self._practice_name,
            location=self._calendar.location,
            zone=situation.zone,
            now=situation.now,
        )
        text = self._text(message_id, when=when, reference=booking.reference)
        return text, SendFile("termin.ics", MIME_TYPE, data)

    def _texts(self, says: Sequence[Say]) -> tuple[Outgoing, ...]:
        """Everything that is said at once, in one message."""
        texts = [self._text(said.message_id, **said.args).text for said in says]
        return (SendText("\n\n".join(texts)),) if texts else ()

    def _text(self, message_id: str, **args: str | int) -> SendText:
        practice: dict[str, str | int] = {
            "practice": self._practice_name,
            "service": self._calendar.service_name,
            "location": self._calendar.location,
            "minutes": self._calendar.slot_minutes,
        }
        return SendText(say(message_id, **practice | args))


def _plan(conversation: Conversation, message: Incoming, situation: Situation) -> Plan:
    if message.kind is MessageKind.TEXT:
        return plan(conversation, read(message.text), situation)
    return plan_unreadable(conversation, _UNREADABLE[message.kind], situation)
