"""A booked appointment."""

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class BookingStatus(enum.StrEnum):
    """Codes of FHIR R4 `Appointment.status`."""

    BOOKED = "booked"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Booking:
    """A booked appointment, without who booked it.

    Args:
        id: stays the same for life; the calendar file's UID.
        reference: short, for people: `T-1001`.
        start, end: timezone-aware, UTC.
        version: from 0, raised with each change; the calendar file's SEQUENCE.
        status: see `BookingStatus`.
        kind: key of its kind in the calendar.
    """

    id: UUID
    reference: str
    start: datetime
    end: datetime
    version: int = 0
    status: BookingStatus = BookingStatus.BOOKED
    kind: str = "appointment"
