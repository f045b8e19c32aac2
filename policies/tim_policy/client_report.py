"""The structured data client report 1.0.0: how many events of which procedure a client sent and received.

It names no user, and neither does what is kept of it: a procedure's name has to look like one, so that nothing else can
be stored under its cover.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tim_policy.errors import TimError

Direction = Literal["sent", "received"]

MAX_ENTRIES = 100
"""Per direction."""

MAX_COUNT = 1_000_000
"""Events of one entry; a client reports since its last report."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_DIRECTIONS: tuple[Direction, ...] = ("sent", "received")
_CLOCK_SKEW = timedelta(hours=1)
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""Structured data is younger."""


class InvalidReport(TimError):
    """A report does not follow the schema; the text names the field and what was expected, never the value."""


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """One line of a report.

    Args:
        direction: from the view of the client.
        procedure: e.g. `de.gematik.questionnaire.generic`.
        version: of the procedure, e.g. `v1`.
        count: events.
    """

    direction: Direction
    procedure: str
    version: str
    count: int


@dataclass(frozen=True, slots=True)
class ClientReport:
    """A report.

    Args:
        start: of the time it is about; it ends now.
        entries: as they were sent; the same procedure may stand in several.
    """

    start: datetime
    entries: tuple[ReportEntry, ...]


def parse_client_report(body: object, now: datetime) -> ClientReport:
    """Read a report; unknown fields are ignored.

    Args:
        body: JSON of any type.
        now: with a zone.

    Raises:
        InvalidReport: it does not follow the schema, or is about the future.
    """
    if not isinstance(body, Mapping):
        raise InvalidReport("expected a JSON object with start, sent and received")
    start = _start(body.get("start"))
    if not _EARLIEST <= start <= now + _CLOCK_SKEW:
        raise InvalidReport("start: expected a time in the past")
    entries = [entry for direction in _DIRECTIONS if direction in body for entry in _entries(body, direction)]
    return ClientReport(start, tuple(entries))


def _start(text: object) -> datetime:
    try:
        start = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        raise InvalidReport("start: expected a time with zone, for example 2026-03-23T12:13:23.183Z")
    return start


def _entries(body: Mapping[str, Any], direction: Direction) -> list[ReportEntry]:
    items = body[direction]
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ENTRIES:
        raise InvalidReport(f"{direction}: expected an array of 1 to {MAX_ENTRIES} entries; leave it out when empty")
    entries = [_entry(item, direction) for item in items]
    if len(set(entries)) != len(entries):
        raise InvalidReport(f"{direction}: expected entries that differ")
    return entries


def _entry(item: object, direction: Direction) -> ReportEntry:
    if not isinstance(item, Mapping):
        raise InvalidReport(f"{direction}: expected objects with Fachverfahren, Version and Anzahl")
    for field in ("Fachverfahren", "Version"):
        if not isinstance(item.get(field), str) or not _NAME.fullmatch(item[field]):
            raise InvalidReport(f"{direction}.{field}: expected letters, digits, '.', '_' and '-', at most 128")
    count = item.get("Anzahl")
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_COUNT:
        raise InvalidReport(f"{direction}.Anzahl: expected a whole number from 0 to {MAX_COUNT}")
    return ReportEntry(direction, item["Fachverfahren"], item["Version"], count)
