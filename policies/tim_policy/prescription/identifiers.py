"""Identifiers of prescriptions: grammar and check digits."""

import re
from dataclasses import dataclass
from typing import Final

PRESCRIPTION_ID_SYSTEM: Final = "https://gematik.de/fhir/erp/NamingSystem/GEM_ERP_NS_PrescriptionId"
REQUEST_ID_SYSTEM: Final = "https://gematik.de/fhir/erp-servicerequest/sid/RequestIdentifier"
CASE_ID_SYSTEM: Final = "https://gematik.de/fhir/erp-servicerequest/sid/ProcedureIdentifier"
INSURED_ID_SYSTEM: Final = "http://fhir.de/sid/gkv/kvid-10"
TELEMATIK_ID_SYSTEM: Final = "https://gematik.de/fhir/sid/telematik-id"

_PRESCRIPTION_ID = re.compile(r"[0-9]{3}(\.[0-9]{3}){4}\.[0-9]{2}")
_INSURED_ID = re.compile(r"[A-Z][0-9]{9}")
_PZN = re.compile(r"[0-9]{8}")


@dataclass(frozen=True, slots=True)
class PrescriptionId:
    """A Rezept-ID.

    Args:
        text: `fff.nnn.nnn.nnn.nnn.cc`.
        has_good_check_digits: ISO 7064 mod 97-10. False is a warning only: published examples break it.
    """

    text: str
    has_good_check_digits: bool

    @property
    def flow_type(self) -> str:
        """The first three digits, see `flow_type`."""
        return self.text[:3]


def read_prescription_id(text: str) -> PrescriptionId | None:
    """Read a Rezept-ID; None if it has another form."""
    if _PRESCRIPTION_ID.fullmatch(text) is None:
        return None
    return PrescriptionId(text, int(text.replace(".", "")) % 97 == 1)


def is_insured_id(text: str) -> bool:
    """Whether it is a KVNR: a letter, eight digits and the right check digit (§ 290 SGB V)."""
    if _INSURED_ID.fullmatch(text) is None:
        return False
    digits = f"{ord(text[0]) - ord('A') + 1:02}{text[1:9]}"
    products = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    return sum(sum(divmod(product, 10)) for product in products) % 10 == int(text[9])


def is_pzn(text: str) -> bool:
    """Whether it is a Pharmazentralnummer: eight digits, the last one of them right."""
    if _PZN.fullmatch(text) is None:
        return False
    return sum(place * int(digit) for place, digit in enumerate(text[:7], start=1)) % 11 == int(text[7])
