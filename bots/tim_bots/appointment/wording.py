"""Dates and times in words."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, get_timezone_name

from tim_bots.messages import DEFAULT_LANGUAGE

_IN_FULL = "EEEE, d. MMMM y, HH:mm 'Uhr'"
_IN_LISTS = "EEEE, dd.MM.y, HH:mm 'Uhr'"


def in_full(start: datetime, zone: ZoneInfo, language: str = DEFAULT_LANGUAGE) -> str:
    """E.g. "Dienstag, 24. November 2026, 10:30 Uhr"; a time that occurs twice that day gets its zone's name.

    Args:
        start: timezone-aware.
        zone: whose wall clock to show.
        language: ISO 639 code.
    """
    return _formatted(start.astimezone(zone), _IN_FULL, language)


def in_lists(start: datetime, zone: ZoneInfo, language: str = DEFAULT_LANGUAGE) -> str:
    """E.g. "Dienstag, 24.11.2026, 10:30 Uhr"."""
    return _formatted(start.astimezone(zone), _IN_LISTS, language)


def numbered(starts: Iterable[datetime], zone: ZoneInfo) -> str:
    """One line per time, numbered from 1: "1) Dienstag, 24.11.2026, 10:30 Uhr"."""
    return "\n".join(f"{number}) {in_lists(start, zone)}" for number, start in enumerate(starts, start=1))


def _formatted(wall: datetime, pattern: str, language: str) -> str:
    text = format_datetime(wall, pattern, tzinfo=wall.tzinfo, locale=language)
    if wall.utcoffset() == wall.replace(fold=1 - wall.fold).utcoffset():
        return text
    return f"{text} ({get_timezone_name(wall, locale=language)})"
