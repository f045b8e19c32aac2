"""One-time PINs that link a Matrix account to a patient of the practice.

Six digits can be guessed; what keeps guessing hopeless are the counts: five wrong tries per sender and day, and for
all senders together so few per hour that a practice with a hundred open PINs loses one in five hundred hours of
attack at the most. A PIN is kept as a keyed hash only.
"""

import enum
import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, delete, func, insert, select, update

from tim_bots.cipher import Cipher
from tim_bots.database import metadata, sealed
from tim_bots.dialogue.who import Who
from tim_bots.persons.config import Identity
from tim_bots.points_in_time import to_ms

logger = logging.getLogger(__name__)

DIGITS = 6
TRIES_PER_SENDER, SENDER_WINDOW = 5, timedelta(days=1)
TRIES_OF_ALL, SPACE_WINDOW = 20, timedelta(hours=1)
_PATIENT, _LINKED = "person_pin.patient", "person_link.patient"

_pin = Table(
    "person_pin",
    metadata,
    Column("pin_hash", String(64), primary_key=True),
    sealed("patient", "pin_hash"),
    Column("expires_at_ms", BigInteger, nullable=False),
)
_wrong_try = Table(
    "person_wrong_try",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person_key", String(64), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
)
_link = Table(
    "person_link",
    metadata,
    Column("person_key", String(64), primary_key=True),
    sealed("patient", "person_key"),
    Column("method", String(16), nullable=False),
    Column("linked_at_ms", BigInteger, nullable=False),
)


class Redeemed(enum.Enum):
    """What became of a PIN that somebody sent."""

    LINKED = enum.auto()
    WRONG = enum.auto()
    """Unknown, used or expired; which one, nobody is told."""
    TOO_MANY = enum.auto()
    """Of this sender, or of all: no PIN is accepted, not even a right one."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom an account belongs to: the practice's own reference, such as a number in its files."""

    reference: str


class PinBook:
    """PINs and the links they made, in the caller's transaction."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self._key = cipher.derive("person pin")

    def issue(self, connection: Connection, patient: Patient, now: datetime, lifetime: timedelta) -> str:
        """A new PIN for a patient; the patient's earlier ones stay valid until they expire.

        Returns:
            Six digits, known to nobody else from here on.
        """
        self._forget_expired(connection, now)
        known = set(connection.scalars(select(_pin.c.pin_hash)))
        while (pin_hash := self._hash(pin := f"{secrets.randbelow(10**DIGITS):0{DIGITS}}")) in known:
            pass
        connection.execute(
            insert(_pin).values(
                pin_hash=pin_hash,
                patient=self._cipher.seal(patient.reference.encode(), _PATIENT, pin_hash),
                expires_at_ms=to_ms(now + lifetime),
            )
        )
        return pin

    def redeem(self, connection: Connection, who: Who, pin: str, now: datetime) -> Redeemed:
        """Link the sender to the PIN's patient, once."""
        if self._is_locked(connection, who, now):
            return Redeemed.TOO_MANY
        self._forget_expired(connection, now)
        row = self._find(connection, pin)
        if row is None:
            connection.execute(insert(_wrong_try).values(person_key=who.person_key, at_ms=to_ms(now)))
            return Redeemed.WRONG
        pin_hash, sealed_patient = row
        reference = self._cipher.open(sealed_patient, _PATIENT, pin_hash)
        connection.execute(delete(_pin).where(_pin.c.pin_hash == pin_hash))
        self._link(connection, who, reference, Identity.PIN, now)
        return Redeemed.LINKED

    def confirm(self, connection: Connection, who: Who, patient: Patient, now: datetime) -> None:
        """The practice itself has made sure whose account this is."""
        self._link(connection, who, patient.reference.encode(), Identity.VERIFIED, now)

    def proven_by(self, connection: Connection, who: Who) -> Identity | None:
        """In which way the sender was linked; None if not at all."""
        method = connection.scalar(select(_link.c.method).where(_link.c.person_key == who.person_key))
        return None if method is None else Identity(method)

    def patient_of(self, connection: Connection, who: Who) -> Patient | None:
        """Whom the sender was linked to; None before that."""
        reference = connection.scalar(select(_link.c.patient).where(_link.c.person_key == who.person_key))
        return None if reference is None else Patient(self._cipher.open(reference, _LINKED, who.person_key).decode())

    def unlink(self, connection: Connection, who: Who) -> None:
        """Forget whom the sender belongs to."""
        connection.execute(delete(_link).where(_link.c.person_key == who.person_key))

    def _find(self, connection: Connection, pin: str) -> tuple[str, bytes] | None:
        """Compares with every open PIN, each in constant time: the answer takes as long for any guess."""
        wanted = self._hash(pin)
        found = None
        for row in connection.execute(select(_pin.c.pin_hash, _pin.c.patient)):
            if hmac.compare_digest(row.pin_hash, wanted):
                found = (row.pin_hash, row.patient)
        return found

    def _is_locked(self, connection: Connection, who: Who, now: datetime) -> bool:
        by_sender = self._count(connection, now - SENDER_WINDOW, who.person_key)
        by_all = self._count(connection, now - SPACE_WINDOW, None)
        if by_all >= TRIES_OF_ALL:
            logger.error("somebody guesses PINs component=persons wrong=%d", by_all)
        return by_sender >= TRIES_PER_SENDER or by_all >= TRIES_OF_ALL

    def _count(self, connection: Connection, since: datetime, person_key: str | None) -> int:
        query = select(func.count()).select_from(_wrong_try).where(_wrong_try.c.at_ms > to_ms(since))
        if person_key is not None:
            query = query.where(_wrong_try.c.person_key == person_key)
        return connection.scalar(query) or 0

    def _forget_expired(self, connection: Connection, now: datetime) -> None:
        connection.execute(delete(_pin).where(_pin.c.expires_at_ms <= to_ms(now)))
        connection.execute(delete(_wrong_try).where(_wrong_try.c.at_ms <= to_ms(now - SENDER_WINDOW)))

    def _link(self, connection: Connection, who: Who, reference: bytes, method: Identity, now: datetime) -> None:
        values = {
            "patient": self._cipher.seal(reference, _LINKED, who.person_key),
            "method": method,
            "linked_at_ms": to_ms(now),
        }
        changed = connection.execute(update(_link).where(_link.c.person_key == who.person_key).values(values))
        if changed.rowcount == 0:
            connection.execute(insert(_link).values(person_key=who.person_key, **values))

    def _hash(self, pin: str) -> str:
        return hmac.new(self._key, pin.encode(), hashlib.sha256).hexdigest()
