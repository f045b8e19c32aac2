"""When the counter speaks by itself."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.counter.schedule import is_overdue_timer, next_summary, overdue_timer, within_hours
from tim_bots.opening_hours import OpeningHours

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = OpeningHours.model_validate({"mo": ["08:00-12:00", "14:00-17:00"], "do": ["08:00-12:00"]})
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda passed: datetime(2026, 1, 1, tzinfo=UTC) + passed)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T06:00", "2026-11-23T06:30"),
        ("2026-11-23T06:30", "2026-11-24T06:30"),
        ("2026-03-28T07:00", "2026-03-29T05:30"),  # the clock goes forward: 07:30 is an hour earlier in UTC
        ("2026-10-24T07:00", "2026-10-25T06:30"),
    ],
)
def test_the_summary_comes_at_the_same_wall_time(now: str, due: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_summary(time(7, 30), BERLIN, at) == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert next_summary(None, BERLIN, at) is None


@given(MOMENTS, st.times())
def test_the_next_summary_is_within_a_day_or_so(now: datetime, at: time) -> None:
    due = next_summary(at.replace(second=0, microsecond=0, fold=0), BERLIN, now)
    assert due is not None
    assert now < due <= now + timedelta(hours=25)


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-11-23T07:00", "2026-11-23T07:00"),  # Monday 08:00 in Berlin
        ("2026-11-23T10:59", "2026-11-23T10:59"),
        ("2026-11-23T11:00", "2026-11-23T13:00"),
        ("2026-11-23T16:00", "2026-11-26T07:00"),
        ("2026-11-26T11:03", "2026-11-30T07:00"),
    ],
)
def test_what_becomes_overdue_while_nobody_is_there_waits_for_the_opening(due: str, said: str) -> None:
    moment = datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert within_hours(HOURS, BERLIN, moment) == datetime.fromisoformat(said).replace(tzinfo=UTC)
    assert within_hours(None, BERLIN, moment) == moment
    assert within_hours(OpeningHours(), BERLIN, moment) == moment


@given(MOMENTS)
def test_it_is_never_early_and_never_outside_the_hours(due: datetime) -> None:
    said = within_hours(HOURS, BERLIN, due)
    assert due <= said <= due + timedelta(days=8)
    assert HOURS.covers(said.astimezone(BERLIN))


def test_keys_are_told_apart() -> None:
    assert is_overdue_timer(overdue_timer(17))
    assert not is_overdue_timer("counter summary")
