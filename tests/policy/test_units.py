"""Durations need a unit."""

from datetime import timedelta

import pytest

from tim_policy.errors import ConfigError
from tim_policy.units import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("72h", timedelta(hours=72)),
        ("28d", timedelta(days=28)),
        ("6w", timedelta(weeks=6)),
    ],
)
def test_a_number_with_a_unit_is_a_duration(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "15", "0h", "-1h", "1.5h", "1 h", "1H", "h", "1h30m", "１h", "9999999d", "1h\n"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="for example 24h"):
        parse_duration(text)
