"""A request as it is typed: patient and medications, read strictly. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from tim_bots.dialogue.conversation import Frame
from tim_policy.prescription.identifiers import is_pzn

MOST_ITEMS = 20
LONGEST = 300
"""Characters of one answer; FHIR's dosage text allows 500."""
_OLDEST_YEARS = 130
_PATIENT = re.compile(
    r"(?P<name>[^\d\n]{3,120}?)[\s,;]+(?:geb(?:oren)?\.?(?:\sam)?\s*)?(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"
)
_PZN = re.compile(r"\bPZN[\s:.-]*([0-9]+)", re.IGNORECASE)
FIELDS = ("medication", "quantity", "dosage", "needed")


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom the medications are for."""

    name: str
    born: date

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.name}, geb. {self.born:%d.%m.%Y}"


@dataclass(frozen=True, slots=True)
class Item:
    """One medication, as typed."""

    medication: str
    quantity: str
    dosage: str
    needed: str


def read_patient(text: str, today: date) -> Patient | None:
    """Name and date of birth; None if it is not both, or no such date can be."""
    found = _PATIENT.fullmatch(" ".join(text.split()))
    if found is None:
        return None
    try:
        born = date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return None
    name = found["name"].strip(" ,;")
    return Patient(name, born) if name and today.year - _OLDEST_YEARS <= born.year and born <= today else None


def has_wrong_pzn(text: str) -> bool:
    """Whether a Pharmazentralnummer is named whose check digit or length is wrong."""
    return any(not is_pzn(number) for number in _PZN.findall(text))


def items_of(frame: Frame) -> tuple[Item, ...]:
    """The medications that are complete."""
    columns = [frame.values.get(field, ()) for field in FIELDS]
    return tuple(Item(*row) for row in zip(*columns, strict=False))


def patient_of(frame: Frame) -> str:
    """The line of the patient; empty before it is known."""
    return next(iter(frame.values.get("patient", ())), "")
