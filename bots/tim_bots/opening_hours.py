"""Opening hours as the operator writes them: ranges per weekday, in wall time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

UNIT_MINUTES = 5
"""Bookings are kept in units of five minutes, so every time in the calendar is a multiple of it."""

_MINUTES_PER_DAY = 24 * 60
_RANGE = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])", re.ASCII)
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True, order=True)
class TimeRange:
    """A part of a day in wall time, as minutes after midnight; `closes` may be 1440 (24:00)."""

    opens: int
    closes: int


def _time_range(value: Any) -> TimeRange:
    if isinstance(value, TimeRange):
        return value
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('write a range of times, for example "08:00-12:00"')
    hours, minutes, closing_hours, closing_minutes = map(int, match.groups())
    found = TimeRange(hours * 60 + minutes, closing_hours * 60 + closing_minutes)
    if found.closes > _MINUTES_PER_DAY:
        raise ValueError("the day ends at 24:00")
    if found.opens >= found.closes:
        raise ValueError("the range must end after it begins; split a range that crosses midnight")
    if found.opens % UNIT_MINUTES or found.closes % UNIT_MINUTES:
        raise ValueError(f"use multiples of {UNIT_MINUTES} minutes")
    return found


def _without_overlap(ranges: tuple[TimeRange, ...]) -> tuple[TimeRange, ...]:
    ordered = tuple(sorted(ranges))
    if any(later.opens < earlier.closes for earlier, later in pairwise(ordered)):
        raise ValueError("the ranges of a day must not overlap")
    return ordered


Ranges = Annotated[
    tuple[Annotated[TimeRange, BeforeValidator(_time_range, json_schema_input_type=str)], ...],
    Field(strict=False),  # YAML has lists, not tuples
    AfterValidator(_without_overlap),
]


class OpeningHours(BaseModel):
    """When appointments can take place, per weekday in wall time; a day that is left out is closed."""

    model_config = _STRICT

    mo: Ranges = ()
    di: Ranges = ()
    mi: Ranges = ()
    do: Ranges = ()
    fr: Ranges = ()
    sa: Ranges = ()
    so: Ranges = ()

    def on(self, weekday: int) -> tuple[TimeRange, ...]:
        """The ranges of a weekday, Monday is 0; sorted and without overlap."""
        return (self.mo, self.di, self.mi, self.do, self.fr, self.sa, self.so)[weekday]

    def covers(self, wall: datetime) -> bool:
        """Whether a moment of wall time is within the hours."""
        minutes = wall.hour * 60 + wall.minute
        return any(found.opens <= minutes < found.closes for found in self.on(wall.weekday()))

    def every(self) -> Iterator[tuple[str, TimeRange]]:
        """Each range of the week with its key path below `opening_hours`."""
        for day in type(self).model_fields:
            for index, found in enumerate(getattr(self, day)):
                yield f"{day}.{index}", found


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown name, path tricks, a directory
        raise ValueError("unknown time zone; for example Europe/Berlin") from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
"""A name of the IANA time zone database."""
