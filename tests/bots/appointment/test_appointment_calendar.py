from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tim_bots.appointment.calendar import choose_offer, free_slots, units
from tim_bots.appointment.config import CalendarConfig
from tim_bots.appointment.wording import in_full, numbered

from .conftest import make_calendar, only

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = ("mo", "di", "mi", "do", "fr", "sa", "so")
CLOCK_GOES_BACK = date(2026, 10, 25)
CLOCK_GOES_FORWARD = date(2027, 3, 28)


@st.composite
def day_ranges(draw: st.DrawFn) -> list[str]:
    edges = sorted(draw(st.sets(st.integers(0, 288), min_size=4, max_size=4)))
    clock = [f"{edge * 5 // 60:02}:{edge * 5 % 60:02}" for edge in edges]
    return [f"{clock[0]}-{clock[1]}", f"{clock[2]}-{clock[3]}"]


@st.composite
def calendars(draw: st.DrawFn) -> CalendarConfig:
    return make_calendar(
        slot_minutes=5,
        lead_time=draw(st.sampled_from(["1m", "2h", "1d"])),
        horizon="4d",
        opening_hours={day: draw(day_ranges()) for day in DAYS},
    )


# Around both changes of the clock and through a year between them.
moments = st.one_of(
    st.datetimes(datetime(2026, 10, 21), datetime(2026, 10, 26), timezones=st.just(UTC)),  # noqa: DTZ001 - zone follows
    st.datetimes(datetime(2027, 3, 24), datetime(2027, 3, 29), timezones=st.just(UTC)),  # noqa: DTZ001 - zone follows
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - zone follows
)


@given(calendars(), moments, st.sets(st.integers(0, 4 * 288)))
def test_free_slots_are_bookable(calendar: CalendarConfig, now: datetime, offsets: set[int]) -> None:
    first_unit = units(now, now + timedelta(minutes=5)).start
    busy = {first_unit + offset for offset in offsets}
    slots = free_slots(calendar, only(calendar), busy, now)
    assert slots == free_slots(calendar, only(calendar), busy, now)
    for earlier, later in pairwise(slots):
        assert earlier + calendar.slot <= later
    for start in slots:
        end = start + calendar.slot
        assert start.tzinfo is UTC
        assert now + calendar.lead_time <= start <= now + calendar.horizon
        assert busy.isdisjoint(units(start, end))
        assert is_inside_opening_hours(calendar, start, end)


def is_inside_opening_hours(calendar: CalendarConfig, start: datetime, end: datetime) -> bool:
    """The first and last minute by the wall clock, so this asks nothing of the code under test."""
    for instant in (start, end - timedelta(minutes=1)):
        wall = instant.astimezone(calendar.zone)
        passed = wall.hour * 60 + wall.minute
        if not any(found.opens <= passed < found.closes for found in calendar.opening_hours.on(wall.weekday())):
            return False
    return True


def slots_on(day: date, *ranges: str, slot_minutes: int = 30) -> list[str]:
    calendar = make_calendar(
        slot_minutes=slot_minutes, lead_time="1m", horizon="2d", opening_hours={"so": list(ranges)}
    )
    midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    return [start.strftime("%H:%M") for start in free_slots(calendar, only(calendar), (), midnight.astimezone(UTC))]


@pytest.mark.parametrize(
    ("day", "hours", "expected_utc"),
    [
        pytest.param(CLOCK_GOES_BACK, "09:00-10:00", ["08:00", "08:30"], id="autumn morning"),
        pytest.param(
            CLOCK_GOES_BACK, "01:30-03:30", [f"{h}:{m}" for h, m in
            [("23", "30"), ("00", "00"), ("00", "30"), ("01", "00"), ("01", "30"), ("02", "00")]],
            id="autumn: the doubled hour has twice the places",
        ),
        pytest.param(CLOCK_GOES_BACK, "02:00-03:00", ["01:00", "01:30"], id="autumn: opens at the later 02:00"),
        pytest.param(CLOCK_GOES_BACK, "01:00-02:30", ["23:00", "23:30", "00:00"], id="autumn: closes early"),
        pytest.param(CLOCK_GOES_FORWARD, "09:00-10:00", ["07:00", "07:30"], id="spring morning"),
        pytest.param(CLOCK_GOES_FORWARD, "01:30-04:00", ["00:30", "01:00", "01:30"], id="spring: an hour less"),
        pytest.param(CLOCK_GOES_FORWARD, "02:00-03:00", [], id="spring: the hour that is not"),
        pytest.param(CLOCK_GOES_FORWARD, "02:30-04:30", ["01:30", "02:00"], id="spring: opens in the gap"),
    ],
)  # fmt: skip
def test_slots_when_the_clock_changes(day: date, hours: str, expected_utc: list[str]) -> None:
    assert slots_on(day, hours) == expected_utc


def test_a_time_that_occurs_twice_is_told_apart() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert in_full(first, BERLIN) == "Sonntag, 25. Oktober 2026, 02:30 Uhr (Mitteleuropäische Sommerzeit)"
    second = first + timedelta(hours=1)
    assert in_full(second, BERLIN) == "Sonntag, 25. Oktober 2026, 02:30 Uhr (Mitteleuropäische Normalzeit)"


def test_dates_are_written_in_german() -> None:
    start = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert in_full(start, BERLIN) == "Dienstag, 24. November 2026, 10:30 Uhr"
    assert numbered([start], BERLIN) == "1) Dienstag, 24.11.2026, 10:30 Uhr"


@pytest.mark.parametrize(
    ("free", "offer"),
    [
        (["23 08", "23 09", "23 14", "24 08", "24 14"], ["23 08", "23 14", "24 08"]),
        (["23 14", "23 15", "24 08", "24 09", "25 08"], ["23 14", "24 08", "25 08"]),
        (["23 08", "23 09", "23 10", "23 11"], ["23 08", "23 09", "23 10"]),
        (["23 08", "23 09", "23 14", "23 15"], ["23 08", "23 09", "23 14"]),
        (["23 08", "24 08"], ["23 08", "24 08"]),
        (["23 08"], ["23 08"]),
        ([], []),
    ],
)
def test_the_offer_is_spread(free: list[str], offer: list[str]) -> None:
    def instants(texts: list[str]) -> tuple[datetime, ...]:
        return tuple(datetime(2026, 11, int(t[:2]), int(t[3:]), tzinfo=BERLIN).astimezone(UTC) for t in texts)

    assert choose_offer(instants(free), BERLIN) == instants(offer)


def test_a_booked_unit_takes_every_slot_that_touches_it() -> None:
    calendar = make_calendar(opening_hours={"mo": ["08:00-10:00"]}, horizon="5d")
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)
    eight = datetime(2026, 11, 23, 7, tzinfo=UTC)
    busy = set(units(eight + timedelta(minutes=25), eight + timedelta(minutes=35)))
    assert free_slots(calendar, only(calendar), busy, sunday) == (
        eight + timedelta(hours=1),
        eight + timedelta(minutes=90),
    )


@pytest.mark.parametrize(
    ("changes", "key_path", "text"),
    [
        ({"opening_hours": {"mo": ["12:00-08:00"]}}, "opening_hours.mo.0", "end after it begins"),
        ({"opening_hours": {"mo": ["08:00-08:00"]}}, "opening_hours.mo.0", "end after it begins"),
        ({"opening_hours": {"mo": ["08:00-12:00", "11:00-13:00"]}}, "opening_hours.mo", "must not overlap"),
        ({"opening_hours": {"mo": ["8 bis 12"]}}, "opening_hours.mo.0", "08:00-12:00"),
        ({"opening_hours": {"mo": ["08:00-12:00", 5]}}, "opening_hours.mo.1", "08:00-12:00"),
        ({"opening_hours": {"mo": ["08:02-12:00"]}}, "opening_hours.mo.0", "multiples of 5"),
        ({"opening_hours": {"mo": ["08:00-24:30"]}}, "opening_hours.mo.0", "24:00"),
        ({"opening_hours": {"mo": ["08:00-08:15"]}}, "", "opening_hours.mo.0: shorter than slot_minutes"),
        ({"opening_hours": {"mon": ["08:00-12:00"]}}, "opening_hours.mon", "Extra inputs"),
        ({"opening_hours": {}}, "", "opening_hours: open on at least one day"),
        ({"time_zone": "Europe/Bärlin"}, "time_zone", "Europe/Berlin"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "Europe/Berlin"),
        ({"slot_minutes": 4}, "slot_minutes", "greater than or equal to 5"),
        ({"slot_minutes": 245}, "slot_minutes", "less than or equal to 240"),
        ({"slot_minutes": 7}, "slot_minutes", "multiple of 5"),
        ({"slot_minutes": "30"}, "slot_minutes", "valid integer"),
        ({"lead_time": 2}, "lead_time", "24h"),
        ({"lead_time": "4w"}, "", "horizon: must be longer than lead_time"),
        ({"horizon": "53w"}, "", "at most 366d"),
        ({"location": ""}, "location", "at least 1"),
        ({"slotminutes": 30}, "slotminutes", "Extra inputs"),
    ],
)
def test_a_calendar_that_cannot_work_is_refused(changes: dict[str, object], key_path: str, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make_calendar(**changes)
    (error,) = refused.value.errors(include_url=False)
    assert (".".join(map(str, error["loc"])), text in error["msg"]) == (key_path, True)
