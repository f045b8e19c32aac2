"""Appointments for a practice's program: what is booked, and by whom."""

import json
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, select

from tim_bots.appointment.booking import BookingStatus
from tim_bots.appointment.booking_book import FIRST_REFERENCE, WHO
from tim_bots.appointment.tables import booking
from tim_bots.cipher import Cipher

LONGEST = timedelta(days=92)
"""Most days that one call shows."""
_MOST = 5_000


class Appointment(BaseModel):
    """A booked appointment; `reference` is what people see, `user_id` who booked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str
    start: datetime
    end: datetime
    user_id: str
    version: int


class Appointments(BaseModel):
    """Booked appointments, in the order of their times."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    appointments: list[Appointment]


def booked_between(connection: Connection, cipher: Cipher, start: datetime, end: datetime) -> Appointments:
    """What begins within a time that is at most `LONGEST`.

    Args:
        connection: of the transaction.
        cipher: of the database.
        start, end: timezone-aware; `end` itself does not count.
    """
    rows = connection.execute(
        select(booking)
        .where(
            booking.c.status == BookingStatus.BOOKED,
            booking.c.starts_at >= int(start.timestamp()),
            booking.c.starts_at < int(end.timestamp()),
        )
        .order_by(booking.c.starts_at, booking.c.number)
        .limit(_MOST)
    )
    return Appointments(
        appointments=[
            Appointment(
                reference=f"T-{FIRST_REFERENCE + row.number}",
                start=datetime.fromtimestamp(row.starts_at, UTC),
                end=datetime.fromtimestamp(row.ends_at, UTC),
                user_id=json.loads(cipher.open(row.who, WHO, str(row.id)))["user_id"],
                version=row.version,
            )
            for row in rows
        ]
    )
