"""What a file of the practice's software decides. Pure and total on any bytes.

A FHIR R4 Task: `identifier` (system urn:tim-suite:counter) holds the number of the request, `status` the decision
(accepted, completed, rejected, on-hold), `statusReason.text` or `note` the text, `output.valueString` a token.
A GDT record 6310: 8410 holds the number, 6220 the text, 6305 the name of a PDF in the same folder; it accepts.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from tim_bots.api.models import What
from tim_bots.counter.orders import LONGEST_TEXT
from tim_bots.pvs.gdt import FILE_REFERENCE, RESULT, RESULT_TEXT, TEST_ID, GdtBroken, read_record

NUMBER_SYSTEM = "urn:tim-suite:counter"
_DEEPEST = 20
_FHIR = "{http://hl7.org/fhir}"
_STATUS = {
    "accepted": What.TAKE,
    "completed": What.ACCEPT,
    "rejected": What.DECLINE,
    "on-hold": What.ASK,
}
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_WITH_TEXT = {What.ACCEPT, What.DECLINE, What.ASK}


class Unreadable(Exception):
    """The file decides nothing; the text says why in German, without its content."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a file asks for.

    Args:
        number: of the request.
        decision: see `What`.
        text: for the asker; may be empty.
        file: base name of a PDF beside the file; None: there is none.
    """

    number: int
    decision: What
    text: str
    file: str | None = None


def read_wish(name: str, data: bytes) -> Wish:
    """Read a file.

    Args:
        name: base name; its ending says what the file is.
        data: its bytes, capped by the caller.

    Raises:
        Unreadable: see there.
    """
    match name.lower().rpartition(".")[2]:
        case "json":
            return _of_task(_json(data))
        case "xml":
            return _of_task(_xml(data))
        case "gdt" | "001" | "bdt":
            return _of_gdt(data)
        case _:
            raise Unreadable("Diese Art von Datei kenne ich nicht. Erlaubt sind .json, .xml und .gdt.")


def _of_gdt(data: bytes) -> Wish:
    try:
        record = read_record(data)
    except GdtBroken as broken:
        raise Unreadable(str(broken)) from None
    if record.kind != RESULT:
        raise Unreadable("Die GDT-Satzart muss 6310 sein.")
    number = _number(record.first(TEST_ID))
    return Wish(number, What.ACCEPT, _text("\n".join(record.every(RESULT_TEXT))), record.first(FILE_REFERENCE))


def _of_task(task: Mapping[str, Any]) -> Wish:
    if task.get("resourceType") != "Task":
        raise Unreadable("Die Datei ist keine FHIR-Ressource vom Typ Task.")
    decision = _STATUS.get(str(task.get("status")))
    if decision is None:
        raise Unreadable("Den Status kenne ich nicht. Erlaubt sind: " + ", ".join(_STATUS) + ".")
    numbers = [one.get("value") for one in _objects(task.get("identifier")) if one.get("system") == NUMBER_SYSTEM]
    texts = [_object(task.get("statusReason")).get("text")]
    texts += [note.get("text") for note in _objects(task.get("note"))]
    texts += [output.get("valueString") for output in _objects(task.get("output"))]
    text = _text("\n".join(one for one in texts if isinstance(one, str)))
    return Wish(_number(numbers[0] if len(numbers) == 1 else None), decision, text if decision in _WITH_TEXT else "")


def _number(value: object) -> int:
    if not isinstance(value, str) or _NUMBER.fullmatch(value.strip()) is None:
        raise Unreadable("Die Nummer der Anfrage fehlt oder ist keine Zahl.")
    return int(value)


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise Unreadable("Der Text ist zu lang.")
    return text.strip()


def _json(data: bytes) -> Mapping[str, Any]:
    if _depth(data) > _DEEPEST:
        raise Unreadable("Die JSON-Datei ist zu tief geschachtelt.")
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unreadable("Die Datei ist kein JSON, oder nur ein Teil davon.") from None
    return _object(found)


def _depth(data: bytes) -> int:
    """At least the nesting of the JSON: brackets in strings count too."""
    depth = deepest = 0
    for byte in data:
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _xml(data: bytes) -> Mapping[str, Any]:
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - only who hands over XML needs it
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415 - see above

    try:
        root = fromstring(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Unreadable("Die Datei ist kein zulässiges XML, oder nur ein Teil davon.") from None
    if not str(root.tag).startswith(_FHIR):
        raise Unreadable("Die XML-Datei ist kein FHIR.")
    return _from_xml(root) | {"resourceType": str(root.tag).removeprefix(_FHIR)}


def _from_xml(element: Element, depth: int = 0) -> dict[str, Any]:
    """The elements that `_of_task` reads, as in FHIR's JSON; lists stay lists of one."""
    if depth > _DEEPEST:
        raise Unreadable("Die XML-Datei ist zu tief geschachtelt.")
    found: dict[str, Any] = {}
    for child in element:
        name = str(child.tag).removeprefix(_FHIR)
        value = child.get("value") if child.get("value") is not None else _from_xml(child, depth + 1)
        if name in {"identifier", "note", "output"}:
            found.setdefault(name, []).append(value)
        else:
            found.setdefault(name, value)
    return found


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
