"""Calendar files (RFC 5545) that people open in their own calendar."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tim_bots.appointment.booking import Booking, BookingStatus

MIME_TYPE = "text/calendar"
_TIME_ZONE_SPAN = timedelta(days=366)

_METHODS = {
    BookingStatus.BOOKED: ("PUBLISH", "CONFIRMED"),
    BookingStatus.CANCELLED: ("CANCEL", "CANCELLED"),
}


def calendar_file(booking: Booking, *, practice_name: str, location: str, zone: ZoneInfo, now: datetime) -> bytes:
    """One appointment, or its cancellation, without any person's name.

    The file stands for itself and is not a meeting invitation by mail, so there is no ORGANIZER: it would
    have to be a mail address, and programs would offer to answer to it.

    Args:
        booking: UID is its id, SEQUENCE its version, METHOD follows its status.
        practice_name, location: shown as "Termin – <practice_name>" and place.
        zone: the practice's time zone; times carry it as TZID with a VTIMEZONE.
        now: when the file is made, timezone-aware (DTSTAMP).
    """
    from icalendar import Calendar, Event  # noqa: PLC0415 - 3 MB that a bot without bookings does not need

    method, status = _METHODS[booking.status]
    event = Event()
    event.add("uid", str(booking.id))
    event.add("dtstamp", now)
    start, end = _written(booking, zone)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("sequence", booking.version)
    event.add("status", status)
    event.add("class", "PRIVATE")
    event.add("summary", f"Termin – {practice_name}")
    event.add("location", location)

    calendar = Calendar()
    calendar.add("prodid", "-//TIM Suite//tim_bots//DE")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    # The rules of the year around the appointment are enough; the default would list those of 68 years.
    calendar.add_missing_timezones(
        first_date=booking.start.date() - _TIME_ZONE_SPAN, last_date=booking.end.date() + _TIME_ZONE_SPAN
    )
    return bytes(calendar.to_ical())


def _written(booking: Booking, zone: ZoneInfo) -> tuple[datetime, datetime]:
    wall = booking.start.astimezone(zone), booking.end.astimezone(zone)
    # A wall time that occurs twice means the first one in a calendar file (RFC 5545, 3.3.5).
    is_second = any(instant.fold for instant in wall)
    return (booking.start, booking.end) if is_second else wall
