"""Appointments for programs: offers, bookings and cancellations as control blocks and FHIR R4 resources.

The resources name no patient: the room and the case identify the person.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from tim_bots.appointment.booking import Booking, BookingStatus
from tim_bots.appointment.config import ONLY
from tim_bots.appointment.dialogue import OFFER, Cancel, Situation, booking_turn, kind_of, offer_turn
from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Close, Do, Say, Turn
from tim_bots.structured.step import FlowStep, Item

FLOW = "appointment"
_NOON = 12
_CANCELLED_BY_PATIENT = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason", "code": "pat"}]
}


def slot_id(case_id: str, start: str) -> UUID:
    """Id of a time on offer; the same whenever it is computed, so it need not be stored."""
    return uuid5(UUID(case_id), start)


def offer_step(conversation: Conversation, length: timedelta, service: str, zone: ZoneInfo) -> FlowStep | None:
    """The times on offer; None if the open question offers none."""
    if conversation.frame.step != OFFER:
        return None
    starts = conversation.frame.values.get("slots", ())
    ids = [slot_id(conversation.case_id, start) for start in starts]
    slots = [_slot(one, start, length, service, zone) for one, start in zip(ids, starts, strict=True)]
    entries = [{"fullUrl": f"urn:uuid:{slot['id']}", "resource": slot} for slot in slots]
    return FlowStep(
        flow=FLOW,
        step="offer",
        msg_id=uuid4(),
        case_id=UUID(conversation.case_id),
        items=tuple(Item(one, "free") for one in ids),
        more={
            "expires": conversation.expires_at.isoformat(timespec="seconds"),
            "actions": [
                {"id": str(number), "label": str(number), "cmd": f"!termin {number}"}
                for number in range(1, len(ids) + 1)
            ],
        },
        resource={"resourceType": "Bundle", "type": "searchset", "total": len(slots), "entry": entries},
    )


def _slot(one: UUID, start: str, length: timedelta, service: str, zone: ZoneInfo) -> dict[str, Any]:
    begins = datetime.fromisoformat(start).astimezone(zone)
    return {
        "resourceType": "Slot",
        "id": str(one),
        "schedule": {"display": service},
        "status": "free",
        "start": begins.isoformat(),
        "end": (begins + length).isoformat(),
    }


def outcome_step(effect: object, booking: Booking, case_id: UUID, service: str, zone: ZoneInfo) -> FlowStep:
    """A booking as made or cancelled."""
    is_cancelled = isinstance(effect, Cancel)
    more: dict[str, Any] = {"version": booking.version} | ({"by": "patient"} if is_cancelled else {})
    return FlowStep(
        flow=FLOW,
        step="cancel" if is_cancelled else "confirm",
        msg_id=uuid4(),
        case_id=case_id,
        items=(Item(booking.id, booking.status),),
        more=more,
        resource=_appointment(booking, service, zone),
    )


def _appointment(booking: Booking, service: str, zone: ZoneInfo) -> dict[str, Any]:
    reason = {"cancelationReason": _CANCELLED_BY_PATIENT} if booking.status is BookingStatus.CANCELLED else {}
    return {
        "resourceType": "Appointment",
        "id": str(booking.id),
        "status": str(booking.status),
        "serviceType": [{"text": service}],
        "start": booking.start.astimezone(zone).isoformat(),
        "end": booking.end.astimezone(zone).isoformat(),
        "participant": [{"actor": {"type": "Location", "display": service}, "status": "accepted"}],
        **reason,
    }


def understand(step: FlowStep, conversation: Conversation | None, situation: Situation) -> Turn | None:
    """What another program's step leads to; None if it is none that appointments know."""
    if step.flow != FLOW:
        return None
    match step.step:
        case "query":
            return _query(step, situation)
        case "book":
            return _book(step, conversation, situation)
        case "cancel":
            return _cancel(step, situation)
        case _:
            return None


def _query(step: FlowStep, situation: Situation) -> Turn:
    """The kind is named by its key; without a name it is the first."""
    kind = step.more.get("service", next(iter(situation.kinds), None))
    if kind is None or (kind not in situation.kinds and len(situation.kinds) > 1) or not situation.kinds:
        return Close((Say("appointment-not-for-you"),))
    key = kind if kind in situation.kinds else next(iter(situation.kinds))
    return offer_turn(situation, key, among=_within(step.more.get("window"), situation))


def _within(window: Mapping[str, Any] | None, situation: Situation) -> Callable[[datetime], bool]:
    if window is None:
        return lambda _: True
    try:
        first, last = date.fromisoformat(window["from"]), date.fromisoformat(window["to"])
    except ValueError:  # 2026-02-31
        return lambda _: False
    parts = window.get("parts", ("am", "pm"))

    def fits(start: datetime) -> bool:
        wall = start.astimezone(situation.zone)
        return first <= wall.date() <= last and ("am" if wall.hour < _NOON else "pm") in parts

    return fits


def _book(step: FlowStep, conversation: Conversation | None, situation: Situation) -> Turn:
    """Only what was offered in this case, and one thing at a time."""
    offered: dict[UUID, str] = {}
    kind = next(iter(situation.kinds), ONLY)
    if conversation is not None and situation.now < conversation.expires_at:
        kind = kind_of(conversation.frame)
        slots = conversation.frame.values.get("slots", ())
        offered = {slot_id(conversation.case_id, start): start for start in slots}
    wanted = [offered[item.id] for item in step.items if item.id in offered]
    if len(step.items) != 1 or len(wanted) != 1:
        return offer_turn(situation, kind, Say("appointment-not-offered"))
    return booking_turn(datetime.fromisoformat(wanted[0]), kind, situation)


def _cancel(step: FlowStep, situation: Situation) -> Turn:
    ids = {item.id for item in step.items}
    found = [booking for booking in situation.own if booking.id in ids]
    if len(ids) != 1 or len(found) != 1:
        return Close((Say("appointment-none-booked"),))
    return Do(Cancel(found[0]))
