"""Which times are free: opening hours minus what is booked, right across changes of the clock."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from tim_bots.appointment.config import AppointmentType, CalendarConfig
from tim_bots.opening_hours import UNIT_MINUTES, TimeRange

_UNIT_SECONDS = UNIT_MINUTES * 60
_NOON = 12
OFFER_SIZE = 3
"""How many times the bot names at once; more do not fit on the screen of a telephone."""


def units(start: datetime, end: datetime) -> range:
    """The five-minute units between two instants, numbered from 1970-01-01T00:00Z."""
    return range(int(start.timestamp()) // _UNIT_SECONDS, int(end.timestamp()) // _UNIT_SECONDS)


def free_slots(
    calendar: CalendarConfig,
    kind: AppointmentType,
    busy: Collection[int],
    now: datetime,
    booked: Mapping[date, int] | None = None,
) -> tuple[datetime, ...]:
    """Starts of all bookable appointments of one kind, in order.

    Args:
        calendar: the practice's configuration.
        kind: of `calendar.kinds`.
        busy: booked units (see `units`); a set, as it is asked often.
        now: timezone-aware.
        booked: how many of this kind there are, by day of wall time; None: none, or it does not matter.

    Returns:
        Timezone-aware UTC datetimes; an appointment lasts `kind.length` from there.
    """
    lead_time, horizon = calendar.span_of(kind)
    earliest, latest = now + lead_time, now + horizon
    length = kind.minutes // UNIT_MINUTES
    before, after = kind.buffer_before // UNIT_MINUTES, kind.buffer_after // UNIT_MINUTES
    free: list[datetime] = []
    for day, open_units in _open_hours(calendar, kind, earliest, latest):
        if kind.per_day is not None and booked is not None and booked.get(day, 0) >= kind.per_day:
            continue
        for first in range(open_units.start, open_units.stop - length + 1, length):
            start = datetime.fromtimestamp(first * _UNIT_SECONDS, UTC)
            if earliest <= start <= latest and not any(
                unit in busy for unit in range(first - before, first + length + after)
            ):
                free.append(start)
    return tuple(free)


def _open_hours(
    calendar: CalendarConfig, kind: AppointmentType, earliest: datetime, latest: datetime
) -> Iterator[tuple[date, range]]:
    zone = calendar.zone
    day, last = earliest.astimezone(zone).date(), latest.astimezone(zone).date()
    while day <= last:
        for hours in calendar.hours_on(day, kind):
            yield day, _on_day(hours, day, zone)
        day += timedelta(days=1)


def _on_day(hours: TimeRange, day: date, zone: ZoneInfo) -> range:
    # When the clock changes, a wall time can mean two instants (autumn) or none (spring; Python then offers
    # one on either side of the gap). The later opening and the earlier closing never leave opening hours.
    opens = max(_readings(day, hours.opens, zone))
    closes = min(_readings(day, hours.closes, zone))
    return units(opens, closes)


def _readings(day: date, minutes: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return (
        wall.replace(tzinfo=zone, fold=0).astimezone(UTC),
        wall.replace(tzinfo=zone, fold=1).astimezone(UTC),
    )


def choose_offer(free: Collection[datetime], zone: ZoneInfo) -> tuple[datetime, ...]:
    """Up to three times that differ usefully: the next one, another half-day, another day; in order.

    Args:
        free: starts in order.
        zone: the practice's time zone, which decides what a half-day is.
    """
    chosen: list[datetime] = []
    for differs in (_half_day, _half_day, _date):
        taken = {differs(start, zone) for start in chosen}
        chosen += islice((start for start in free if differs(start, zone) not in taken), 1)
    chosen += list(islice((start for start in free if start not in chosen), OFFER_SIZE - len(chosen)))
    return tuple(sorted(chosen))


def _date(start: datetime, zone: ZoneInfo) -> tuple[date, bool]:
    return start.astimezone(zone).date(), True


def _half_day(start: datetime, zone: ZoneInfo) -> tuple[date, bool]:
    wall = start.astimezone(zone)
    return wall.date(), wall.hour < _NOON
