"""The book of appointments: what is taken, and how a place is taken by one person only."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from tim_bots.appointment.booking import Booking, BookingStatus
from tim_bots.appointment.calendar import units
from tim_bots.appointment.config import ONLY
from tim_bots.appointment.tables import booking, booking_unit
from tim_bots.cipher import Cipher
from tim_bots.dialogue.who import Who

WHO = "appointment_booking.who"
FIRST_REFERENCE = 1000


class BookingBook:
    """Bookings of one resource (a room, a doctor) in the caller's transaction.

    Args:
        cipher: seals who booked.
        resource: what can be booked once at a time; a short name without personal data.
    """

    def __init__(self, cipher: Cipher, resource: str) -> None:
        self._cipher = cipher
        self._resource = resource

    def busy_units(self, connection: Connection, start: datetime, end: datetime) -> frozenset[int]:
        """Booked five-minute units between two instants."""
        asked = units(start, end)
        unit = booking_unit.c.unit_start
        taken = select(unit).where(booking_unit.c.resource == self._resource, unit >= asked.start, unit < asked.stop)
        return frozenset(connection.scalars(taken))

    def coming(self, connection: Connection, who: Who, now: datetime) -> tuple[Booking, ...]:
        """The person's bookings made in this room that have not begun, in order of time."""
        rows = connection.execute(
            select(booking)
            .where(
                booking.c.room_key == who.room_key,
                booking.c.person_key == who.person_key,
                booking.c.status == BookingStatus.BOOKED,
                booking.c.starts_at > int(now.timestamp()),
            )
            .order_by(booking.c.starts_at)
        )
        return tuple(map(_booking, rows))

    def per_day(self, connection: Connection, kind: str, now: datetime, zone: ZoneInfo) -> Mapping[date, int]:
        """How many appointments of a kind there are from today on, by day of the zone's wall time."""
        today = datetime.combine(now.astimezone(zone).date(), time(), zone)
        starts = connection.scalars(
            select(booking.c.starts_at).where(
                booking.c.kind == kind,
                booking.c.status == BookingStatus.BOOKED,
                booking.c.starts_at >= int(today.timestamp()),
            )
        )
        return Counter(datetime.fromtimestamp(start, zone).date() for start in starts)

    def book(
        self,
        connection: Connection,
        who: Who,
        start: datetime,
        end: datetime,
        kind: str = ONLY,
        margins: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0)),
    ) -> Booking | None:
        """Book, all or nothing.

        Args:
            connection: of the transaction.
            who: books.
            start, end: of the appointment.
            kind: its key in the calendar.
            margins: before and after, in which nothing else takes place.

        Returns:
            The booking; None when someone else has any part of the time (the primary key says so, whatever
            other transactions do at the same moment).
        """
        identity = json.dumps({"room_id": who.room_id, "user_id": who.user_id}).encode()
        booking_id = uuid4()
        try:
            with connection.begin_nested():
                row = connection.execute(
                    insert(booking)
                    .values(
                        id=booking_id,
                        room_key=who.room_key,
                        person_key=who.person_key,
                        starts_at=int(start.timestamp()),
                        ends_at=int(end.timestamp()),
                        status=BookingStatus.BOOKED,
                        version=0,
                        kind=kind,
                        who=self._cipher.seal(identity, WHO, str(booking_id)),
                    )
                    .returning(booking)
                ).one()
                connection.execute(
                    insert(booking_unit), self._unit_rows(row.number, start - margins[0], end + margins[1])
                )
        except IntegrityError:
            return None
        return _booking(row)

    def _unit_rows(self, number: int, start: datetime, end: datetime) -> Sequence[dict[str, object]]:
        return [
            {"resource": self._resource, "unit_start": unit, "booking_number": number} for unit in units(start, end)
        ]

    def cancel(self, connection: Connection, who: Who, cancelled: Booking) -> Booking | None:
        """Free the time again and raise the version.

        Returns:
            The booking as cancelled; None when it is not this person's or not booked any more.
        """
        row = connection.execute(
            update(booking)
            .where(
                booking.c.id == cancelled.id,
                booking.c.room_key == who.room_key,
                booking.c.person_key == who.person_key,
                booking.c.status == BookingStatus.BOOKED,
            )
            .values(status=BookingStatus.CANCELLED, version=booking.c.version + 1)
            .returning(booking)
        ).one_or_none()
        if row is None:
            return None
        connection.execute(delete(booking_unit).where(booking_unit.c.booking_number == row.number))
        return _booking(row)


def _booking(row: Row[tuple[object, ...]]) -> Booking:
    return Booking(
        id=row.id,
        reference=f"T-{FIRST_REFERENCE + row.number}",
        start=datetime.fromtimestamp(row.starts_at, UTC),
        end=datetime.fromtimestamp(row.ends_at, UTC),
        version=row.version,
        status=BookingStatus(row.status),
        kind=row.kind,
    )
