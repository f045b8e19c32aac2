"""GDT 2.1 records (QMS Gerätedatentransfer), as far as the hand-over needs them. Pure.

A line is its own length in three digits, a field number in four, the content, CR and LF; bytes are ISO-8859-1.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_OVERHEAD = 9
_LENGTH_DIGITS, _FIELD_DIGITS = 3, 4
_TEXT_WIDTH = 60
_LONGEST_CONTENT = 990
MAX_BYTES = 256 * 1024

KIND, LENGTH, RECEIVER, SENDER, CHARSET, VERSION = "8000", "8100", "8315", "8316", "9206", "9218"
PATIENT, SURNAME, FIRST_NAME, BIRTH_DATE = "3000", "3101", "3102", "3103"
DATE, TEXT, TEST_ID, RESULT_TEXT = "6200", "6227", "8410", "6220"
FILE_ID, FILE_FORMAT, FILE_CONTENT, FILE_REFERENCE = "6302", "6303", "6304", "6305"
RESULT = "6310"
"""Kind of record: data of an examination."""
_FIRST = (KIND, LENGTH)


class GdtBroken(ValueError):
    """The bytes are no GDT record; the text says in German what is wrong, without their content."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Args:
        kind: content of field 8000.
        fields: field number and content, in order, without 8000 and 8100.
    """

    kind: str
    fields: Sequence[tuple[str, str]]

    def first(self, field: str) -> str | None:
        """The first content of a field; None if it is not there."""
        return next((content for number, content in self.fields if number == field), None)

    def every(self, field: str) -> list[str]:
        """All contents of a field, in order."""
        return [content for number, content in self.fields if number == field]


def lines_of(text: str, width: int = _TEXT_WIDTH) -> list[str]:
    """A text as contents of a repeated field."""
    return [part for line in text.splitlines() for part in textwrap.wrap(line, width, break_long_words=True)]


def write_record(record: Record) -> bytes:
    """The record as bytes; what ISO-8859-1 does not have becomes "?".

    Raises:
        ValueError: a field number is not four digits; a fault of the program.
    """
    body = b"".join(_line(field, content) for field, content in record.fields)
    head = _line(KIND, record.kind)
    total = len(head) + len(_line(LENGTH, "00000")) + len(body)
    return head + _line(LENGTH, f"{total:05}") + body


def _line(field: str, content: str) -> bytes:
    if len(field) != _FIELD_DIGITS or not field.isascii() or not field.isdigit():
        raise ValueError(f"{field!r} is no GDT field")
    clean = "".join(" " if ord(char) < ord(" ") else char for char in content)[:_LONGEST_CONTENT]
    data = clean.encode("iso-8859-1", "replace")
    return f"{len(data) + _OVERHEAD:03}{field}".encode("ascii") + data + b"\r\n"


def read_record(data: bytes) -> Record:
    """Read one record.

    Raises:
        GdtBroken: it is none.
    """
    if len(data) > MAX_BYTES:
        raise GdtBroken("Die GDT-Datei ist zu groß.")
    fields = list(_fields(data))
    if [field for field, _ in fields[:2]] != list(_FIRST):
        raise GdtBroken("Die GDT-Datei beginnt nicht mit den Feldern 8000 und 8100.")
    if fields[1][1] != f"{len(data):0{len(fields[1][1])}}":
        raise GdtBroken("Die Satzlänge (Feld 8100) stimmt nicht; vielleicht ist die Datei unvollständig.")
    return Record(fields[0][1], tuple(fields[2:]))


def _fields(data: bytes) -> Iterable[tuple[str, str]]:
    at, number = 0, 0
    while at < len(data):
        number += 1
        size, field = data[at : at + _LENGTH_DIGITS], data[at + _LENGTH_DIGITS : at + _LENGTH_DIGITS + _FIELD_DIGITS]
        if not (size.isdigit() and field.isdigit() and len(field) == _FIELD_DIGITS):
            raise GdtBroken(f"Zeile {number} der GDT-Datei ist keine GDT-Zeile.")
        end = at + int(size)
        line = data[at:end]
        if int(size) < _OVERHEAD or end > len(data) or not line.endswith(b"\r\n") or b"\n" in line[:-2]:
            raise GdtBroken(f"Die Länge von Zeile {number} der GDT-Datei stimmt nicht.")
        yield field.decode("ascii"), line[_LENGTH_DIGITS + _FIELD_DIGITS : -2].decode("iso-8859-1")
        at = end
