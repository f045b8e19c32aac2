"""Consents: asked for with a versioned text, recorded as FHIR Consent, checked when they are used, withdrawn any time.

Each row is one version of one consent; a withdrawal adds a version. Rows are never changed.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Uuid, insert, select

from tim_bots.cipher import Cipher
from tim_bots.database import metadata, sealed
from tim_bots.dialogue.who import Who
from tim_bots.persons.config import ConsentText
from tim_bots.persons.pins import Patient
from tim_bots.points_in_time import from_ms, to_ms

ACTIVE, INACTIVE = "active", "inactive"
_RESOURCE = "person_consent.resource"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

_consent = Table(
    "person_consent",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("person_key", String(64), nullable=False),
    Column("topic", String(40), nullable=False),
    Column("text_version", String(40), nullable=False),
    Column("status", String(16), nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("ends_at_ms", BigInteger, nullable=False),
    sealed("resource", "id"),
    Index("person_consent_of_person", "person_key", "topic", "number"),
)


@dataclass(frozen=True, slots=True)
class Consent:
    """The newest version of a consent.

    Args:
        id: stays the same for all versions.
        status: active or inactive.
        text_version: of the text that was consented to.
        ends_at: it holds until then.
    """

    id: UUID
    status: str
    text_version: str
    ends_at: datetime


class ConsentBook:
    """Consents of people, in the caller's transaction.

    Args:
        cipher: seals the FHIR resources.
        text: what is consented to now.
        topic: what the consent is for; a short code.
    """

    def __init__(self, cipher: Cipher, text: ConsentText, topic: str) -> None:
        self.text = text
        self._cipher = cipher
        self._topic = topic

    def is_given(self, connection: Connection, who: Who, now: datetime) -> bool:
        """Whether the person consents to the text as it is now. Asked each time that it matters."""
        newest = self.newest(connection, who)
        return (
            newest is not None
            and newest.status == ACTIVE
            and newest.text_version == self.text.version
            and now < newest.ends_at
        )

    def newest(self, connection: Connection, who: Who) -> Consent | None:
        """The newest version; None if the person never consented."""
        row = connection.execute(
            select(_consent)
            .where(_consent.c.person_key == who.person_key, _consent.c.topic == self._topic)
            .order_by(_consent.c.number.desc())
            .limit(1)
        ).first()
        return None if row is None else Consent(row.id, row.status, row.text_version, from_ms(row.ends_at_ms))

    def record(
        self, connection: Connection, who: Who, patient: Patient | None, event_id: str, now: datetime
    ) -> dict[str, Any]:
        """The person consented, with the message `event_id`.

        Returns:
            The FHIR Consent, without the patient.
        """
        consent = Consent(uuid4(), ACTIVE, self.text.version, now + self.text.lifetime)
        return self._add(connection, who, patient, event_id, consent, now)

    def withdraw(self, connection: Connection, who: Who, patient: Patient | None, event_id: str, now: datetime) -> bool:
        """The person withdrew.

        Returns:
            Whether there was something to withdraw.
        """
        newest = self.newest(connection, who)
        if newest is None or newest.status != ACTIVE:
            return False
        self._add(connection, who, patient, event_id, Consent(newest.id, INACTIVE, newest.text_version, now), now)
        return True

    def resources(self, connection: Connection, who: Who) -> list[dict[str, Any]]:
        """Every version as it was recorded, oldest first."""
        rows = connection.execute(
            select(_consent)
            .where(_consent.c.person_key == who.person_key, _consent.c.topic == self._topic)
            .order_by(_consent.c.number)
        )
        return [json.loads(self._cipher.open(row.resource, _RESOURCE, str(row.id))) for row in rows]

    def _add(
        self,
        connection: Connection,
        who: Who,
        patient: Patient | None,
        event_id: str,
        consent: Consent,
        now: datetime,
    ) -> dict[str, Any]:
        resource = self._resource(consent, event_id, now)
        reference = {"display": who.user_id} if patient is None else {"identifier": {"value": patient.reference}}
        stored = json.dumps(resource | {"patient": reference}).encode()
        connection.execute(
            insert(_consent).values(
                id=consent.id,
                person_key=who.person_key,
                topic=self._topic,
                text_version=consent.text_version,
                status=consent.status,
                recorded_at_ms=to_ms(now),
                ends_at_ms=to_ms(consent.ends_at),
                resource=self._cipher.seal(stored, _RESOURCE, str(consent.id)),
            )
        )
        return resource

    def _resource(self, consent: Consent, event_id: str, now: datetime) -> dict[str, Any]:
        uri = self.text.uri or "urn:tim-suite:consent"
        return {
            "resourceType": "Consent",
            "id": str(consent.id),
            "status": consent.status,
            "scope": {"coding": [{"system": f"{_TERMINOLOGY}/consentscope", "code": "patient-privacy"}]},
            "category": [{"coding": [{"system": f"{_TERMINOLOGY}/v3-ActCode", "code": "IDSCL"}]}],
            "dateTime": now.isoformat(timespec="seconds"),
            "sourceReference": {"display": f"Matrix {event_id}"},
            "policy": [{"uri": f"{uri}#{consent.text_version}"}],
            "provision": {
                "type": "permit",
                "period": {"end": consent.ends_at.date().isoformat()},
                "purpose": [{"system": f"{_TERMINOLOGY}/v3-ActReason", "code": "TREAT"}],
            },
        }
