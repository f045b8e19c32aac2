from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from tim_bots.appointment.booking import Booking
from tim_bots.appointment.ics import calendar_file

from .conftest import Practice


def parsed(data: bytes) -> tuple[Calendar, Any]:
    calendar = Calendar.from_ical(data)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_the_calendar_file_holds_the_appointment_and_no_person(practice: Practice) -> None:
    practice.says("!termin")
    file = practice.sends_file("2")
    calendar, event = parsed(file.data)
    assert (calendar["VERSION"], calendar["METHOD"]) == ("2.0", "PUBLISH")
    assert event["DTSTART"].params["TZID"] == event["DTEND"].params["TZID"] == "Europe/Berlin"
    assert event["DTSTART"].dt == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=30)
    assert event["DTSTAMP"].dt == practice.now
    assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
    assert event["SUMMARY"] == "Termin – Praxis Dr. Beispiel"
    assert event["LOCATION"] == "Hauptstraße 1, 10115 Berlin"
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
    assert b"schwester" not in file.data
    assert max(map(len, file.data.split(b"\r\n"))) <= 75


def test_a_cancellation_names_the_same_appointment_with_the_next_sequence(practice: Practice) -> None:
    practice.says("!termin")
    _, booked = parsed(practice.sends_file("2").data)
    practice.says("absagen")
    calendar, cancelled = parsed(practice.sends_file("ja").data)
    assert calendar["METHOD"] == "CANCEL"
    assert (cancelled["SEQUENCE"], cancelled["STATUS"]) == (1, "CANCELLED")
    assert [cancelled[name] for name in ("UID", "SUMMARY")] == [booked[name] for name in ("UID", "SUMMARY")]
    assert cancelled["DTSTART"].dt == booked["DTSTART"].dt


@pytest.mark.parametrize("hours_after_midnight", range(-1, 4))
@pytest.mark.parametrize("day", [datetime(2026, 10, 25, tzinfo=UTC), datetime(2027, 3, 28, tzinfo=UTC)])
def test_the_instant_survives_a_change_of_the_clock(day: datetime, hours_after_midnight: int) -> None:
    start = day + timedelta(hours=hours_after_midnight, minutes=30)
    booking = Booking(UUID(int=1), "T-1001", start, start + timedelta(minutes=45))
    data = calendar_file(booking, practice_name="Praxis", location="Ort", zone=ZoneInfo("Europe/Berlin"), now=day)
    _, event = parsed(data)
    written = [event[name].dt.astimezone(UTC) for name in ("DTSTART", "DTEND")]
    assert written == [booking.start, booking.end]
