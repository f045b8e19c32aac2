"""Durations with a mandatory unit: `15m` is fifteen minutes, a bare `15` is refused."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

from tim_policy.errors import ConfigError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(?P<number>[1-9][0-9]{0,5})(?P<unit>[smhdw])", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Read a duration: a whole number above 0 and one of s, m, h, d, w (`30s`, `15m`, `72h`, `28d`, `6w`).

    Raises:
        ConfigError: anything else.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ConfigError("write a number and one of s, m, h, d, w; for example 24h")
    return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_duration(value if isinstance(value, str) else "")
    except ConfigError as error:
        raise ValueError(str(error)) from None


Duration = Annotated[timedelta, BeforeValidator(_duration, json_schema_input_type=str)]
"""A pydantic field type for `parse_duration`."""
