"""professionOIDs: what an organisation or a person is, as certificates and directory entries say it (rulebook 10.3).

Published tables disagree on what some codes mean; ours follows the Telematik-ID mapping and the FHIR packages.
Decisions compare codes, never what they are called.
"""

from typing import Final

from tim_policy.directory.telematik_id import Kind

PREFIX: Final = "1.2.276.0.76.4."

PRACTICE: Final = f"{PREFIX}50"
DENTAL_PRACTICE: Final = f"{PREFIX}51"
PSYCHOTHERAPY_PRACTICE: Final = f"{PREFIX}52"
HOSPITAL: Final = f"{PREFIX}53"
PHARMACY: Final = f"{PREFIX}54"
HOSPITAL_PHARMACY: Final = f"{PREFIX}55"
INSURER: Final = f"{PREFIX}59"
CARE: Final = f"{PREFIX}245"
INSURED_PERSON: Final = f"{PREFIX}49"

_ORGANISATIONS: dict[int, Kind] = {
    50: Kind.PRACTICE,
    51: Kind.DENTAL_PRACTICE,
    52: Kind.PSYCHOTHERAPY_PRACTICE,
    53: Kind.HOSPITAL,
    54: Kind.PHARMACY,
    55: Kind.PHARMACY,
    56: Kind.PHARMACY,
    57: Kind.RESCUE_SERVICE,
    59: Kind.INSURER,
    245: Kind.CARE,
    246: Kind.MIDWIFERY,
    247: Kind.PHYSIOTHERAPY,
    254: Kind.ARMED_FORCES,
    255: Kind.HEALTH_OFFICE,
    256: Kind.OCCUPATIONAL_MEDICINE,
    257: Kind.OTHER,
    273: Kind.INSURER,
    278: Kind.OTHER,
    279: Kind.OTHER,
    280: Kind.OTHER,
    281: Kind.OTHER,
    282: Kind.DIGITAL_HEALTH_APPLICATION,
    284: Kind.INSURER,
    285: Kind.OTHER,
    286: Kind.OTHER,
    292: Kind.OTHER,
}
_PERSONS = frozenset({*range(30, 50), 178, *range(232, 242)})
_SHOWN_TO_INSURED = frozenset({50, 51, 52, 53, 54, 245, 246, 247, 255, 256, 257, 278, 279, 280, 281, 282})


def organisation_kind(oid: str) -> Kind | None:
    """The kind of organisation; None for a person's code and for one that is not known."""
    number = _number(oid)
    return None if number is None else _ORGANISATIONS.get(number)


def is_person(oid: str) -> bool:
    """Whether the code names a person's profession."""
    return _number(oid) in _PERSONS


def is_shown_to_insured(oid: str) -> bool:
    """Whether insured persons find organisations of this kind (`fdv-relevant`, A_24306-02)."""
    return _number(oid) in _SHOWN_TO_INSURED


def _number(oid: str) -> int | None:
    digits = oid.removeprefix(PREFIX)
    if digits == oid or not digits.isascii() or not digits.isdigit() or len(digits) > 3:  # noqa: PLR2004 - all known ones
        return None
    return int(digits) if str(int(digits)) == digits else None
