"""When the list is fetched again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tim_policy.federation_list import MAX_AGE
from tim_policy.list_refresh import (
    BUDGET_BURST,
    BUDGET_PERIOD,
    JITTER,
    MAX_CACHED_MISSES,
    MAX_QUICK_RETRIES,
    NEGATIVE_CACHE,
    Budget,
    Misses,
    Schedule,
    clamp_confirmed_at,
    is_too_old,
)
from tim_policy.names import ServerName

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCHEDULE = Schedule(HOUR, timedelta(minutes=5))
UNKNOWN = ServerName("unknown.test")

instants = st.timedeltas(timedelta(days=-9999), timedelta(days=9999)).map(lambda distance: NOW + distance)
jitters = st.floats(0, 1, exclude_max=True)
steps = st.lists(st.tuples(st.timedeltas(-HOUR, HOUR), st.integers(0, 20)), max_size=200)


@given(st.integers(0, 1000), jitters)
def test_the_next_attempt_is_soon_after_the_first_failures_and_hourly_otherwise(failures: int, jitter: float) -> None:
    interval = timedelta(minutes=5) if 1 <= failures <= MAX_QUICK_RETRIES else HOUR
    assert interval * (1 - JITTER) <= SCHEDULE.delay(failures, jitter) <= interval


def test_three_quick_retries_then_hourly() -> None:
    delays = [SCHEDULE.delay(failures, 0) for failures in range(6)]
    quick = timedelta(minutes=5)
    assert delays == [HOUR, quick, quick, quick, HOUR, HOUR]


@given(instants, st.integers(0, 10), jitters)
def test_whatever_the_clock_does_the_next_attempt_is_never_further_than_an_interval(
    now: datetime, failures: int, jitter: float
) -> None:
    next_at = NOW + SCHEDULE.delay(failures, jitter)
    waits = next_at - now
    if not SCHEDULE.is_due(now, next_at):
        assert timedelta(0) < waits <= HOUR


@given(instants)
def test_it_is_due_when_the_time_has_come_or_the_clock_was_set_back(next_at: datetime) -> None:
    assert SCHEDULE.is_due(next_at, next_at)
    assert not SCHEDULE.is_due(next_at - timedelta(minutes=1), next_at)
    assert SCHEDULE.is_due(next_at - timedelta(days=1), next_at)


@given(instants, instants)
def test_a_confirmation_never_lies_in_the_future(confirmed_at: datetime, now: datetime) -> None:
    clamped = clamp_confirmed_at(confirmed_at, now)
    assert clamped <= now
    assert clamped == confirmed_at or confirmed_at > now


def test_a_list_counts_for_72_hours() -> None:
    assert not is_too_old(NOW, NOW + MAX_AGE)
    assert is_too_old(NOW, NOW + MAX_AGE + timedelta(seconds=1))
    assert timedelta(hours=72) == MAX_AGE


@given(steps)
def test_the_budget_never_gives_more_than_its_burst_and_rate(moves: list[tuple[timedelta, int]]) -> None:
    budget, now, latest, given_out = Budget(BUDGET_BURST, NOW), NOW, NOW, 0
    forward = timedelta(0)
    for move, tries in moves:
        forward += max(timedelta(0), move)
        now += move
        latest = max(latest, now)
        for _ in range(tries):
            left = budget.take(now)
            if left is not None:
                budget, given_out = left, given_out + 1
                assert 0 <= left.tokens <= BUDGET_BURST - 1
    assert given_out <= BUDGET_BURST + forward / BUDGET_PERIOD + 1e-6


def test_one_server_is_asked_for_once_in_ten_minutes() -> None:
    misses = Misses(NOW)
    assert misses.may_refetch(UNKNOWN, NOW)
    assert not misses.may_refetch(UNKNOWN, NOW + NEGATIVE_CACHE - timedelta(seconds=1))
    assert misses.may_refetch(UNKNOWN, NOW + NEGATIVE_CACHE)


def test_different_servers_share_the_budget() -> None:
    misses = Misses(NOW)
    names = [ServerName(f"s{i}.test") for i in range(BUDGET_BURST + 2)]
    assert [misses.may_refetch(name, NOW) for name in names] == [True] * BUDGET_BURST + [False] * 2
    # Refused for want of budget only: that is no answer about the server.
    assert misses.may_refetch(names[-1], NOW + BUDGET_PERIOD)


def test_a_clock_that_was_set_back_does_not_silence_a_server_for_long() -> None:
    misses = Misses(NOW)
    assert misses.may_refetch(UNKNOWN, NOW)
    assert misses.may_refetch(UNKNOWN, NOW - timedelta(days=1))


def test_the_memory_of_misses_is_bounded() -> None:
    misses = Misses(NOW)
    for i in range(MAX_CACHED_MISSES + 5):
        assert misses.may_refetch(ServerName(f"s{i}.test"), NOW + i * BUDGET_PERIOD)
    assert len(misses._asked) == MAX_CACHED_MISSES
