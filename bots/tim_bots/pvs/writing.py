"""A request as the practice's software reads it: PDF, FHIR Task and GDT record. Pure."""

import json
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from tim_bots.counter.book import StoredCase
from tim_bots.counter.card import asker_name
from tim_bots.pvs.config import PvsConfig
from tim_bots.pvs.gdt import (
    CHARSET,
    DATE,
    FILE_CONTENT,
    FILE_FORMAT,
    FILE_ID,
    FILE_REFERENCE,
    RECEIVER,
    RESULT,
    SENDER,
    TEST_ID,
    TEXT,
    VERSION,
    Record,
    lines_of,
    write_record,
)
from tim_bots.pvs.reading import NUMBER_SYSTEM


def base_name(number: int) -> str:
    """Of all files of a request, without ending."""
    return f"anfrage-{number:06}"


def files_of(stored: StoredCase, card: str, config: PvsConfig, zone: ZoneInfo) -> Sequence[tuple[str, bytes]]:
    """Name and bytes of the files, in the order in which they are to appear: the GDT record names the others.

    Args:
        stored: the request.
        card: its text in German, as in the counter room.
        config: names of the GDT systems.
        zone: the practice's.
    """
    name = base_name(stored.number)
    return (
        (f"{name}.pdf", _pdf(stored.number, card)),
        (f"{name}.json", json.dumps(_task(stored), ensure_ascii=False, indent=1).encode()),
        (f"{name}.gdt", write_record(_record(stored, card, config, zone))),
    )


def _task(stored: StoredCase) -> dict[str, Any]:
    """FHIR R4 Task; the practice's software sends it back with another status."""
    case = stored.case
    return {
        "resourceType": "Task",
        "identifier": [
            {"system": NUMBER_SYSTEM, "value": str(stored.number)},
            {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{case.case_id}"},
        ],
        "status": "requested",
        "intent": "order",
        "priority": str(case.urgency),
        "code": {"text": case.title},
        "description": "\n".join(case.lines) or case.title,
        "authoredOn": case.opened_at.isoformat(timespec="seconds"),
        "requester": {"display": asker_name(case.asker)},
    }


def _record(stored: StoredCase, card: str, config: PvsConfig, zone: ZoneInfo) -> Record:
    opened: datetime = stored.case.opened_at.astimezone(zone)
    pdf = f"{base_name(stored.number)}.pdf"
    return Record(
        RESULT,
        (
            (RECEIVER, config.gdt_receiver),
            (SENDER, config.gdt_sender),
            (CHARSET, "3"),
            (VERSION, "02.10"),
            (DATE, f"{opened:%d%m%Y}"),
            (TEST_ID, str(stored.number)),
            *((TEXT, line) for line in lines_of(card)),
            (FILE_ID, "000001"),
            (FILE_FORMAT, "PDF"),
            (FILE_CONTENT, stored.case.title),
            (FILE_REFERENCE, pdf),
        ),
    )


def _pdf(number: int, card: str) -> bytes:
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - 25 MiB that only a hand-over needs
    from reportlab.lib.styles import getSampleStyleSheet  # noqa: PLC0415 - see above
    from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate  # noqa: PLC0415 - see above

    styles, buffer = getSampleStyleSheet(), BytesIO()
    first, *rest = card.splitlines()
    parts: list[Flowable] = [Paragraph(escape(first), styles["Heading2"])]
    parts += [Paragraph(escape(line), styles["BodyText"]) for line in rest]
    SimpleDocTemplate(buffer, pagesize=A4, title=f"Anfrage {number}", invariant=1).build(parts)
    return buffer.getvalue()
