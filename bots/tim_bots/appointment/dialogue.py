"""The dialogue about appointments: what to say and do next. Pure; times and bookings come in as facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from tim_bots.appointment.booking import Booking
from tim_bots.appointment.calendar import choose_offer
from tim_bots.appointment.conversation import (
    PATIENCE,
    ConfirmingCancellation,
    Conversation,
    Idle,
    Offering,
    Open,
    PickingBooking,
)
from tim_bots.appointment.point_in_time import PointInTime
from tim_bots.appointment.reading import Intent, Reading
from tim_bots.appointment.wording import in_full, numbered


@dataclass(frozen=True, slots=True)
class Say:
    """Send a text of the catalogue."""

    message_id: str
    args: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Book:
    """Book the appointment that begins then; it may turn out to be taken."""

    start: datetime


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel this booking of the person."""

    booking: Booking


Plan = tuple[Conversation, Book | Cancel | tuple[Say, ...]]
"""The conversation afterwards and what to do; nothing to say means the message was not for the bot."""
SpokenPlan = tuple[Conversation, tuple[Say, ...]]


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts a plan rests on.

    Args:
        now: timezone-aware.
        zone: the practice's time zone.
        free: starts of all free appointments in order, UTC.
        own: this person's coming bookings in this room, in order.
        is_shared: several people write in the room.
    """

    now: datetime
    zone: ZoneInfo
    free: tuple[datetime, ...]
    own: tuple[Booking, ...]
    is_shared: bool


def plan(conversation: Conversation, reading: Reading, situation: Situation) -> Plan:
    """Decide on one text message."""
    if not isinstance(conversation, Idle) and situation.now >= conversation.expires_at:
        if reading.intent in _ANSWERS:
            return _after_expiry(conversation, reading, situation)
        conversation = Idle()
    return _respond(conversation, reading, situation)


def _respond(conversation: Conversation, reading: Reading, situation: Situation) -> Plan:
    if isinstance(conversation, Idle) and situation.is_shared and not _is_meant(reading, situation):
        return conversation, ()
    match reading.intent:
        case Intent.ASK:
            return _offer(situation, wish=reading.when)
        case Intent.LIST:
            return _list(conversation, situation)
        case Intent.CANCEL:
            return _cancel(conversation, reading, situation)
        case Intent.HELP | Intent.MOVE | Intent.EMPTY | Intent.TOO_LONG:
            return conversation, (Say(_FIXED_ANSWERS[reading.intent]),)
        case _:
            return _answer(conversation, reading, situation)


def _answer(conversation: Conversation, reading: Reading, situation: Situation) -> Plan:
    match conversation:
        case Idle():
            return _idle(conversation, reading, situation)
        case Offering():
            return _offering(conversation, reading, situation)
        case PickingBooking() | ConfirmingCancellation():
            return _cancelling(conversation, reading, situation)


def plan_unreadable(conversation: Conversation, message_id: str, situation: Situation) -> SpokenPlan:
    """Answer a message that is no text with `message_id`; what was on offer or asked stays so."""
    is_idle = isinstance(conversation, Idle) or situation.now >= conversation.expires_at
    if is_idle and situation.is_shared:
        return conversation, ()
    return conversation, (Say(message_id),)


def plan_after_loss(situation: Situation) -> SpokenPlan:
    """Someone else was faster: say so and offer what is free now."""
    return _offer(situation, Say("appointment-taken"))


def _is_meant(reading: Reading, situation: Situation) -> bool:
    """Whether a line of several people's talk is for the bot although nothing is open with this person."""
    return reading.is_addressed or (reading.intent is Intent.CANCEL and bool(situation.own))


_FIXED_ANSWERS = {
    Intent.HELP: "appointment-help",
    Intent.MOVE: "appointment-move",
    Intent.EMPTY: "appointment-empty",
    Intent.TOO_LONG: "appointment-too-long",
}
_ANSWERS = frozenset({Intent.CHOOSE, Intent.MORE, Intent.YES})


def _after_expiry(conversation: Open, reading: Reading, situation: Situation) -> SpokenPlan:
    if isinstance(conversation, Offering):
        return _offer(situation, Say("appointment-expired"), wish=reading.when)
    return Idle(), (Say("appointment-question-expired"),)


def _idle(conversation: Idle, reading: Reading, situation: Situation) -> SpokenPlan:
    match reading.intent:
        case Intent.CHOOSE | Intent.MORE | Intent.YES if reading.is_addressed:
            return _offer(situation, wish=reading.when)
        case Intent.STOP if reading.is_addressed:
            return conversation, (Say("appointment-nothing-open"),)
        case Intent.NOT_NEEDED if situation.own:
            return conversation, (Say("appointment-not-needed"),)
        case _:
            return conversation, ()


# -- offering ------------------------------------------------------------------------------------------------


def _offer(
    situation: Situation,
    *before: Say,
    shown: Sequence[datetime] = (),
    wish: PointInTime | None = None,
) -> SpokenPlan:
    """Offer up to three times not in `shown`, only those that fit `wish` if any does."""
    seen = frozenset(shown)
    candidates = [start for start in situation.free if start not in seen]
    if wish is not None:
        candidates = _fitting(candidates, wish, situation.zone) or candidates
    slots = choose_offer(candidates, situation.zone)
    if not slots:
        return Idle(), (*before, Say("appointment-no-slots"))
    offering = Offering(slots=slots, shown=(*shown, *slots), expires_at=situation.now + PATIENCE)
    return offering, (*before, _offer_text(slots, situation.zone))


def _offer_text(slots: Sequence[datetime], zone: ZoneInfo) -> Say:
    return Say("appointment-offer", {"count": len(slots), "slots": numbered(slots, zone)})


def _fitting(starts: Sequence[datetime], when: PointInTime, zone: ZoneInfo) -> list[datetime]:
    return [start for start in starts if when.fits(start.astimezone(zone))]


def _offering(conversation: Offering, reading: Reading, situation: Situation) -> Plan:
    match reading.intent:
        case Intent.CHOOSE:
            return _choose(conversation, reading, situation)
        case Intent.YES if reading.number or reading.when or len(conversation.slots) == 1:
            return _choose(conversation, reading, situation)
        case Intent.MORE:
            return _more(conversation, reading, situation)
        case Intent.STOP | Intent.NO | Intent.NOT_NEEDED:
            return Idle(), (Say("appointment-stopped"),)
        case _:
            hint = Say("appointment-hint-offer", {"count": len(conversation.slots)})
            return _hint(conversation, hint, situation)


def _choose(conversation: Offering, reading: Reading, situation: Situation) -> Plan:
    slots = conversation.slots
    if reading.number is not None:
        slots = slots[reading.number - 1 : reading.number] if reading.number else ()
        if not slots:
            return conversation, (Say("appointment-wrong-number", {"count": len(conversation.slots)}),)
    if reading.when is not None:
        slots = tuple(_fitting(slots, reading.when, situation.zone))
    match slots:
        case (start,) if start <= situation.now:
            return plan_after_loss(situation)
        case (start,):
            return Idle(), Book(start)
        case ():
            return _offer(situation, Say("appointment-not-offered"), wish=reading.when)
        case _:
            return conversation, (Say("appointment-ambiguous", {"count": len(conversation.slots)}),)


def _more(conversation: Offering, reading: Reading, situation: Situation) -> SpokenPlan:
    if set(situation.free) <= set(conversation.shown):
        return conversation, (Say("appointment-no-more"),)
    return _offer(situation, shown=conversation.shown, wish=reading.when)


# -- own bookings --------------------------------------------------------------------------------------------


def _list(conversation: Conversation, situation: Situation) -> SpokenPlan:
    own = situation.own
    if not own:
        return conversation, (Say("appointment-none-booked"),)
    listed = numbered([booking.start for booking in own], situation.zone)
    return conversation, (Say("appointment-list", {"count": len(own), "bookings": listed}),)


def _cancel(conversation: Conversation, reading: Reading, situation: Situation) -> SpokenPlan:
    own = situation.own
    if not own:
        return conversation, (Say("appointment-none-booked"),)
    if reading.number is None and reading.when is None and len(own) > 1:
        return _ask_which(situation)
    return _pick(own, reading, situation)


def _ask_which(situation: Situation, *before: Say) -> SpokenPlan:
    own = situation.own
    question = Say(
        "appointment-which-to-cancel",
        {"count": len(own), "bookings": numbered([booking.start for booking in own], situation.zone)},
    )
    asking = PickingBooking(booking_ids=tuple(booking.id for booking in own), expires_at=situation.now + PATIENCE)
    return asking, (*before, question)


def _pick(bookings: Sequence[Booking], reading: Reading, situation: Situation) -> SpokenPlan:
    picked = list(bookings)
    if reading.number is not None:
        picked = picked[reading.number - 1 : reading.number] if reading.number else []
    if reading.when is not None:
        starts = _fitting([booking.start for booking in picked], reading.when, situation.zone)
        picked = [booking for booking in picked if booking.start in starts]
    if len(picked) != 1:
        return _ask_which(situation, Say("appointment-no-such-booking"))
    asking = ConfirmingCancellation(booking_id=picked[0].id, expires_at=situation.now + PATIENCE)
    return asking, (Say("appointment-confirm-cancel", {"when": in_full(picked[0].start, situation.zone)}),)


def _cancelling(conversation: PickingBooking | ConfirmingCancellation, reading: Reading, situation: Situation) -> Plan:
    own = {booking.id: booking for booking in situation.own}
    match conversation, reading.intent:
        case _, Intent.NO | Intent.STOP | Intent.NOT_NEEDED:
            return Idle(), (Say("appointment-kept"),)
        case PickingBooking(booking_ids=ids), Intent.CHOOSE:
            return _pick([own[id_] for id_ in ids if id_ in own], reading, situation)
        case ConfirmingCancellation(booking_id=id_), Intent.YES if id_ in own:
            return Idle(), Cancel(own[id_])
        case PickingBooking(), _:
            return _hint(conversation, Say("appointment-hint-which"), situation)
        case _:
            return _hint(conversation, Say("appointment-hint-yes-no"), situation)


def _hint(conversation: Open, hint: Say, situation: Situation) -> SpokenPlan:
    """Say what is awaited: each time to someone alone with the bot, once among others."""
    if situation.is_shared and conversation.has_hinted:
        return conversation, ()
    return conversation.model_copy(update={"has_hinted": True}), (hint,)
