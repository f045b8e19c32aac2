"""What is kept about appointments. Who and where is sealed or a keyed hash, never in clear."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Uuid

from tim_bots.database import metadata, sealed

booking = Table(
    "appointment_booking",
    metadata,
    Column("number", Integer, primary_key=True),  # the reference that people see, see `BookingBook`
    Column("id", Uuid, nullable=False, unique=True),
    Column("room_key", String(64), nullable=False),
    Column("person_key", String(64), nullable=False),
    Column("starts_at", BigInteger, nullable=False),  # Unix seconds
    Column("ends_at", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),  # BookingStatus
    Column("kind", String(40), nullable=False, server_default="appointment"),  # key of `calendar.types`
    Column("version", Integer, nullable=False),
    sealed("who", "id"),  # JSON: room_id, user_id
    Index("appointment_booking_of_person", "room_key", "person_key", "starts_at"),
    sqlite_autoincrement=True,  # a number is never given twice
)

booking_unit = Table(
    "appointment_booking_unit",
    metadata,
    # The primary key is the protection against double booking: one row per resource and five minutes.
    Column("resource", String(64), primary_key=True),
    Column("unit_start", Integer, primary_key=True, autoincrement=False),  # see `calendar.units`
    Column("booking_number", Integer, ForeignKey(booking.c.number), nullable=False, index=True),
)
