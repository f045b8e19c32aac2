"""Appointments as a skill: free times and bookings as facts, booking and cancelling as effects."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Connection

from tim_bots.appointment.booking import Booking
from tim_bots.appointment.booking_book import BookingBook
from tim_bots.appointment.calendar import free_slots
from tim_bots.appointment.config import AppointmentType, Bookers, CalendarConfig
from tim_bots.appointment.dialogue import APPOINTMENT, Book, Cancel, Situation, kind_of
from tim_bots.appointment.ics import MIME_TYPE, calendar_file
from tim_bots.appointment.steps import offer_step, outcome_step, understand
from tim_bots.appointment.wording import in_full
from tim_bots.cipher import Cipher
from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Dialogue, Said, Turn
from tim_bots.dialogue.skill import Performed
from tim_bots.dialogue.who import Who
from tim_bots.directory.role_book import RoleBook
from tim_bots.flow import SendFile, SendText
from tim_bots.messages import say
from tim_bots.persons.pins import PinBook
from tim_bots.structured.step import FlowStep

_RESOURCE = "practice"


class AppointmentSkill:
    """Offers, books, lists and cancels appointments (a `tim_bots.dialogue.skill.Skill`).

    Args:
        calendar: opening hours and the rest of the practice's configuration.
        practice_name: how the practice is called in texts and calendar files.
        cipher: seals what identifies people.
        roles: what the directory says about people; None: nobody is a colleague.
        pins: which accounts are connected with patients; None: nobody is known.
    """

    def __init__(
        self,
        calendar: CalendarConfig,
        practice_name: str,
        cipher: Cipher,
        *,
        roles: RoleBook | None = None,
        pins: PinBook | None = None,
    ) -> None:
        self._roles = roles
        self._pins = pins
        self._calendar = calendar
        self._practice_name = practice_name
        self._book = BookingBook(cipher, _RESOURCE)

    @property
    def dialogue(self) -> Dialogue[Situation]:
        """What is said."""
        return APPOINTMENT

    @property
    def names(self) -> Mapping[str, str | int]:
        """Variables of the texts."""
        return {
            "practice": self._practice_name,
            "location": self._calendar.location,
        }

    def facts(self, connection: Connection, who: Who, now: datetime) -> Situation:
        """Free times of what the person may book, and the person's own bookings."""
        kinds = {key: kind for key, kind in self._calendar.kinds.items() if self._may_book(connection, who, kind, now)}

        @cache
        def free(key: str) -> tuple[datetime, ...]:
            kind = kinds[key]
            _, horizon = self._calendar.span_of(kind)
            until = now + horizon + kind.length + kind.margins[1]
            busy = self._book.busy_units(connection, now - kind.margins[0], until)
            booked = None if kind.per_day is None else self._book.per_day(connection, key, now, self._calendar.zone)
            return free_slots(self._calendar, kind, busy, now, booked)

        return Situation(
            now=now,
            zone=self._calendar.zone,
            free=free,
            own=self._book.coming(connection, who, now),
            kinds={key: kind.name for key, kind in kinds.items()},
            lengths={key: kind.minutes for key, kind in kinds.items()},
            preparations={key: kind.preparation for key, kind in kinds.items() if kind.preparation is not None},
        )

    def _may_book(self, connection: Connection, who: Who, kind: AppointmentType, now: datetime) -> bool:
        match kind.bookable_by:
            case Bookers.EVERYBODY:
                return True
            case Bookers.KNOWN:
                return self._pins is not None and self._pins.patient_of(connection, who) is not None
            case Bookers.COLLEAGUES:
                return self._roles is not None and bool(self._roles.roles_of(connection, who, now))

    def _kind(self, key: str) -> AppointmentType:
        """A kind by its key; the first, if the operator has removed it since."""
        kinds = self._calendar.kinds
        return kinds.get(key) or next(iter(kinds.values()))

    def question_step(self, conversation: Conversation, facts: Situation) -> FlowStep | None:
        """The times on offer."""
        kind = self._kind(kind_of(conversation.frame))
        return offer_step(conversation, kind.length, kind.name, facts.zone)

    def outcome_step(self, effect: object, outcome: object, case_id: UUID) -> FlowStep | None:
        """The booking as made or cancelled."""
        if not isinstance(outcome, Booking):
            return None
        return outcome_step(effect, outcome, case_id, self._kind(outcome.kind).name, self._calendar.zone)

    def understand(self, step: FlowStep, conversation: Conversation | None, facts: Situation) -> Turn | None:
        """A program asks, books or cancels."""
        return understand(step, conversation, facts)

    def perform(self, connection: Connection, who: Who, effect: object, facts: Situation, said: Said) -> Performed:
        """Book or cancel."""
        del said
        match effect:
            case Book(start, key):
                kind = self._kind(key)
                if start not in facts.free(key):
                    return Performed(None)  # a holiday, a cap or the staff came between offer and answer
                booked = self._book.book(connection, who, start, start + kind.length, key, kind.margins)
                return Performed(None) if booked is None else self._booked(booked, facts)
            case Cancel(booking):
                cancelled = self._book.cancel(connection, who, booking)
                return Performed(None) if cancelled is None else self._cancelled(cancelled, facts)
            case _:
                return Performed(None)

    def _booked(self, booking: Booking, facts: Situation) -> Performed:
        return Performed(booking, attached=(self._file(booking, facts),), card=_card(booking))

    def _cancelled(self, booking: Booking, facts: Situation) -> Performed:
        """The message that confirmed the booking must not be taken for a valid one any more."""
        when = in_full(booking.start, facts.zone)
        text = say("appointment-card-cancelled", when=when, reference=booking.reference)
        card = SendText(text, is_notice=True, label=_card(booking), edits=True)
        return Performed(booking, before=(card,), attached=(self._file(booking, facts),))

    def _file(self, booking: Booking, facts: Situation) -> SendFile:
        data = calendar_file(
            booking,
            practice_name=self._practice_name,
            location=self._calendar.location,
            zone=facts.zone,
            now=facts.now,
        )
        return SendFile("termin.ics", MIME_TYPE, data)


def _card(booking: Booking) -> str:
    return f"appointment {booking.reference}"
