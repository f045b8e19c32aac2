"""Telematik-IDs: what kind of organisation or person one belongs to (mapping file of the VZD, first match)."""

import enum
import re
from dataclasses import dataclass

_MAX_LENGTH = 128


class Kind(enum.StrEnum):
    """What kind of organisation or person it is."""

    PHYSICIAN = "physician"
    PRACTICE = "practice"
    DENTIST = "dentist"
    DENTAL_PRACTICE = "dental-practice"
    PHARMACIST = "pharmacist"
    PHARMACY = "pharmacy"
    PSYCHOTHERAPIST = "psychotherapist"
    PSYCHOTHERAPY_PRACTICE = "psychotherapy-practice"
    HOSPITAL = "hospital"
    INSURER = "insurer"
    PHARMACIST_ASSISTANT = "pharmacist-assistant"
    PHARMACY_ENGINEER = "pharmacy-engineer"
    MAIL_ORDER_PHARMACY = "mail-order-pharmacy"
    ARMED_FORCES = "armed-forces"
    HEALTH_OFFICE = "health-office"
    OCCUPATIONAL_MEDICINE = "occupational-medicine"
    DIGITAL_HEALTH_APPLICATION = "digital-health-application"
    CARE = "care"
    MIDWIFERY = "midwifery"
    PHYSIOTHERAPY = "physiotherapy"
    NURSE = "nurse"
    GERIATRIC_NURSE = "geriatric-nurse"
    CARER = "carer"
    MIDWIFE = "midwife"
    PHYSIOTHERAPIST = "physiotherapist"
    RESCUE_SERVICE = "rescue-service"
    OTHER = "other"
    """Another organisation."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a Telematik-ID names; `is_person`: a professional (HBA), otherwise an organisation (SMC-B)."""

    kind: Kind
    is_person: bool = False


def _person(kind: Kind) -> Holder:
    return Holder(kind, is_person=True)


_MAPPING: tuple[tuple[re.Pattern[str], Holder], ...] = tuple(
    (re.compile(pattern, re.ASCII), holder)
    for pattern, holder in (
        (r"1-1", _person(Kind.PHYSICIAN)),
        (r"1-20", Holder(Kind.PRACTICE)),
        (r"2-0?1", _person(Kind.DENTIST)),
        (r"2-2", Holder(Kind.DENTAL_PRACTICE)),
        (r"3-.{3}3", _person(Kind.PHARMACIST)),
        (r"3-.{3}2|3-SMC-B-Testkarte", Holder(Kind.PHARMACY)),
        (r"4-", _person(Kind.PSYCHOTHERAPIST)),
        (r"5-", Holder(Kind.HOSPITAL)),
        (r"8-0[13]", Holder(Kind.INSURER)),
        (r"9-1\.32", _person(Kind.PHARMACIST)),
        (r"9-1\.33", _person(Kind.PHARMACIST_ASSISTANT)),
        (r"9-1\.34", _person(Kind.PHARMACY_ENGINEER)),
        (r"9-2\.50", Holder(Kind.PRACTICE)),
        (r"9-2\.51", Holder(Kind.DENTAL_PRACTICE)),
        (r"9-2\.34", Holder(Kind.PSYCHOTHERAPY_PRACTICE)),
        (r"9-2\.54", Holder(Kind.MAIL_ORDER_PHARMACY)),
        (r"9-2\.(?:59|273)", Holder(Kind.INSURER)),
        (r"9-2\.254", Holder(Kind.ARMED_FORCES)),
        (r"9-2\.255", Holder(Kind.HEALTH_OFFICE)),
        (r"9-2\.256", Holder(Kind.OCCUPATIONAL_MEDICINE)),
        (r"9-2\.282", Holder(Kind.DIGITAL_HEALTH_APPLICATION)),
        (r"(?:9-2|10-67)\.245", Holder(Kind.CARE)),
        (r"10-67\.246", Holder(Kind.MIDWIFERY)),
        (r"10-67\.247", Holder(Kind.PHYSIOTHERAPY)),
        (r"10-67\.232", _person(Kind.NURSE)),
        (r"10-67\.233", _person(Kind.GERIATRIC_NURSE)),
        (r"10-67\.234", _person(Kind.CARER)),
        (r"10-67\.235", _person(Kind.MIDWIFE)),
        (r"10-67\.236", _person(Kind.PHYSIOTHERAPIST)),
    )
)


def is_telematik_id(text: object) -> bool:
    """Whether it may be one: printable ASCII without spaces at its ends, at most 128 characters."""
    return (
        isinstance(text, str)
        and 0 < len(text) <= _MAX_LENGTH
        and text.isascii()
        and text.isprintable()
        and text == text.strip()
    )


def holder_of(telematik_id: str) -> Holder:
    """Whom a Telematik-ID names; another organisation when nothing fits (rulebook 10.2).

    Raises:
        Nothing.
    """
    return next((holder for pattern, holder in _MAPPING if pattern.match(telematik_id)), Holder(Kind.OTHER))
