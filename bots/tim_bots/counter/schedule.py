"""When the counter speaks by itself. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

SUMMARY_TIMER = "counter summary"
_OVERDUE = "counter overdue"


def overdue_timer(number: int) -> str:
    """Key of the timer of a case."""
    return f"{_OVERDUE} {number}"


def is_overdue_timer(key: str) -> bool:
    """Whether a timer's key is that of a case."""
    return key.startswith(f"{_OVERDUE} ")


def next_summary(at: time | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The next moment at which the wall clock of a zone shows a time; None of None.

    A time that the clock skips on that day is an hour later, one that it shows twice is the first of both.
    """
    if at is None:
        return None
    today = now.astimezone(zone).date()
    for day in (today, today + timedelta(days=1), today + timedelta(days=2)):
        due = datetime.combine(day, at, zone).astimezone(UTC)
        if due > now:
            return due
    raise AssertionError("a day later is later")
