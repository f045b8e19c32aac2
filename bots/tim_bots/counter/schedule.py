"""When the counter speaks by itself. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tim_bots.opening_hours import UNIT_MINUTES, OpeningHours

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


def within_hours(hours: OpeningHours | None, zone: ZoneInfo, due: datetime) -> datetime:
    """The moment itself if somebody is there, else when the next opening begins.

    Args:
        hours: None, or without any range: somebody is always there.
        zone: of the hours.
        due: timezone-aware.
    """
    if hours is None or not any(hours.every()) or hours.covers(due.astimezone(zone)):
        return due
    unit = timedelta(minutes=UNIT_MINUTES)
    start = due - timedelta(seconds=due.timestamp() % unit.total_seconds())
    later = (start + unit * step for step in range(1, 9 * 24 * 60 // UNIT_MINUTES))
    return next((moment for moment in later if hours.covers(moment.astimezone(zone))), due)
