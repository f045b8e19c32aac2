"""E-Rezept tokens: only the exact grammar is read, what is scanned or pasted is hostile.

Whoever has a token can collect the medicine: it is never part of a text, a log or an error.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tim_policy.prescription.identifiers import PrescriptionId, read_prescription_id

TOKEN_SYSTEM: Final = "https://gematik.de/fhir/erp/sid/NamingSystemEPrescriptionToken"  # noqa: S105 - a name space
MOST_IN_A_CODE: Final = 3
"""gemSpec allows so many tokens in one 2D code."""
_LONGEST_CODE = 600
_TOKEN = re.compile(r"/?Task/([0-9]{3}(?:\.[0-9]{3}){4}\.[0-9]{2})/\$accept\?ac=([0-9a-f]{64})")

_TRACES = re.compile(r"[$]accept|accept(ac)?=|[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """Access to one prescription.

    Args:
        prescription_id: its Rezept-ID.
        access_code: 64 hexadecimal digits; secret, never shown by `repr`.
    """

    prescription_id: PrescriptionId
    access_code: str = field(repr=False)

    @property
    def for_software(self) -> str:
        """As the FHIR extension has it: with a slash in front."""
        return f"/{self.for_code}"

    @property
    def for_code(self) -> str:
        """As the 2D code has it."""
        return f"Task/{self.prescription_id.text}/$accept?ac={self.access_code}"


def read_token(text: str) -> Token | None:
    """Read one token, with or without the slash; None if it is anything else."""
    found = _TOKEN.fullmatch(text)
    prescription_id = None if found is None else read_prescription_id(found[1])
    return None if found is None or prescription_id is None else Token(prescription_id, found[2])


def read_code(text: str) -> tuple[Token, ...] | None:
    """Read the content of a 2D code: one to three different tokens; None if it is anything else."""
    if len(text) > _LONGEST_CODE:
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or set(data) != {"urls"} or not isinstance(data["urls"], list):
        return None
    urls = data["urls"]
    if not 1 <= len(urls) <= MOST_IN_A_CODE or not all(isinstance(url, str) and url[:1] == "T" for url in urls):
        return None
    tokens = tuple(token for url in urls if (token := read_token(url)) is not None)
    is_whole = len(tokens) == len(urls) == len({token.prescription_id.text for token in tokens})
    return tokens if is_whole else None


def code_content(tokens: Sequence[Token]) -> str:
    """What a 2D code of these tokens holds; nothing about the person.

    Raises:
        ValueError: none, more than three, or two for one prescription; a fault of the program.
    """
    if not 1 <= len(tokens) <= MOST_IN_A_CODE:
        raise ValueError(f"a code holds 1 to {MOST_IN_A_CODE} tokens, not {len(tokens)}")
    if len({token.prescription_id.text for token in tokens}) != len(tokens):
        raise ValueError("two tokens for one prescription")
    return json.dumps({"urls": [token.for_code for token in tokens]}, separators=(",", ":"))


def mentions_token(text: str) -> bool:
    """Whether a text seems to contain a token or a part of one, however it is broken up; rather once too often."""
    return (
        _TRACES.search("".join(character for character in text if character.isalnum() or character in "$=")) is not None
    )
