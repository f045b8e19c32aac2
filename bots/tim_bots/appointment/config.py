"""The practice's calendar as the operator writes it."""

from datetime import timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tim_bots.opening_hours import UNIT_MINUTES, OpeningHours, TimeZone
from tim_policy.units import Duration

_LONGEST_HORIZON = timedelta(days=366)
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _multiple_of_unit(minutes: int) -> int:
    if minutes % UNIT_MINUTES:
        raise ValueError(f"use a multiple of {UNIT_MINUTES}")
    return minutes


class CalendarConfig(BaseModel):
    """What can be booked, when and where."""

    model_config = _STRICT

    time_zone: TimeZone = "Europe/Berlin"
    slot_minutes: Annotated[int, Field(ge=5, le=240), AfterValidator(_multiple_of_unit)] = 15
    lead_time: Duration = timedelta(hours=2)
    """The next appointment on offer begins no sooner than this from now."""
    horizon: Duration = timedelta(days=28)
    """The last appointment on offer begins no later than this from now."""
    service_name: Annotated[str, Field(min_length=1, max_length=80)] = "Sprechstunde"
    location: Annotated[str, Field(min_length=1, max_length=200)]
    opening_hours: OpeningHours

    @model_validator(mode="after")
    def _can_be_booked(self) -> Self:
        if not self.lead_time < self.horizon <= _LONGEST_HORIZON:
            raise ValueError(f"horizon: must be longer than lead_time and at most {_LONGEST_HORIZON.days}d")
        ranges = list(self.opening_hours.every())
        if not ranges:
            raise ValueError("opening_hours: open on at least one day")
        for path, found in ranges:
            if found.closes - found.opens < self.slot_minutes:
                raise ValueError(f"opening_hours.{path}: shorter than slot_minutes")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The practice's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def slot(self) -> timedelta:
        """How long an appointment is."""
        return timedelta(minutes=self.slot_minutes)
