"""Leaving a machine alone that fails."""

from datetime import UTC, datetime, timedelta

from tim_policy.circuit_breaker import MAX_FAILURES, PAUSE, CircuitBreaker

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def opened() -> CircuitBreaker:
    breaker = CircuitBreaker()
    assert [breaker.failed(NOW) for _ in range(MAX_FAILURES)] == [*[False] * (MAX_FAILURES - 1), True]
    return breaker


def test_single_failures_between_answers_never_open_it() -> None:
    breaker = CircuitBreaker()
    for _ in range(10):
        for _ in range(MAX_FAILURES - 1):
            assert not breaker.failed(NOW)
        assert not breaker.succeeded()
    assert breaker.may_ask(NOW)


def test_open_it_lets_one_question_through_per_pause() -> None:
    breaker = opened()
    assert not breaker.may_ask(NOW)
    assert not breaker.may_ask(NOW + PAUSE - timedelta(microseconds=1))
    assert breaker.may_ask(NOW + PAUSE)
    assert not breaker.may_ask(NOW + PAUSE)
    assert not breaker.failed(NOW + PAUSE)
    assert not breaker.may_ask(NOW + PAUSE + timedelta(seconds=1))
    assert breaker.may_ask(NOW + 2 * PAUSE)


def test_one_answer_closes_it() -> None:
    breaker = opened()
    assert breaker.may_ask(NOW + PAUSE)
    assert breaker.succeeded()
    assert breaker.may_ask(NOW + PAUSE)
    assert not breaker.failed(NOW + PAUSE)


def test_a_clock_that_was_set_back_ends_the_pause() -> None:
    assert opened().may_ask(NOW - timedelta(days=400))
