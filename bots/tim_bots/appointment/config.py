"""The practice's calendar as the operator writes it."""

import enum
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tim_bots.appointment.public_holidays import State, public_holidays
from tim_bots.opening_hours import UNIT_MINUTES, OpeningHours, Ranges, TimeRange, TimeZone
from tim_policy.units import Duration

_LONGEST_HORIZON = timedelta(days=366)
ONLY = "appointment"
"""Key of the only kind of appointment, where the operator names none."""
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _multiple_of_unit(minutes: int) -> int:
    if minutes % UNIT_MINUTES:
        raise ValueError(f"use a multiple of {UNIT_MINUTES}")
    return minutes


Minutes = Annotated[int, AfterValidator(_multiple_of_unit)]
DayOfYear = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Day = Annotated[date, Field(strict=False)]
"""A day as YAML has it: 2026-12-24."""


class Bookers(enum.StrEnum):
    """Who may book an appointment of some kind without the staff."""

    EVERYBODY = "everybody"
    KNOWN = "known"
    """Whose account is connected with a patient of the practice (`persons`)."""
    COLLEAGUES = "colleagues"
    """Whom the directory gives a professional role."""


class AppointmentType(BaseModel):
    """One kind of appointment; what is left out is as for the whole calendar."""

    model_config = _STRICT

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\r\n]*$")]
    """As people read it."""
    minutes: Annotated[Minutes, Field(ge=5, le=240)]
    buffer_before: Annotated[Minutes, Field(ge=0, le=120)] = 0
    buffer_after: Annotated[Minutes, Field(ge=0, le=120)] = 0
    """Minutes around it in which nothing else takes place."""
    lead_time: Duration | None = None
    horizon: Duration | None = None
    per_day: Annotated[int, Field(ge=1, le=500)] | None = None
    """At most so many on one day; None: as many as there is time for."""
    bookable_by: Annotated[Bookers, Field(strict=False)] = Bookers.EVERYBODY
    preparation: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """What people have to bring or to do, as a sentence; None: nothing."""
    opening_hours: OpeningHours | None = None
    """When this kind takes place; None: whenever the practice is open."""

    @property
    def length(self) -> timedelta:
        """How long it is, without buffers."""
        return timedelta(minutes=self.minutes)

    @property
    def margins(self) -> tuple[timedelta, timedelta]:
        """Before and after."""
        return timedelta(minutes=self.buffer_before), timedelta(minutes=self.buffer_after)


class SpecialDays(BaseModel):
    """Days on which the opening hours do not hold."""

    model_config = _STRICT

    first: Day
    last: Day | None = None
    """None: one day only."""
    hours: Ranges = ()
    """Open then instead; nothing: closed."""
    reason: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """For the staff, for example "Urlaub"."""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.last is not None and self.last < self.first:
            raise ValueError("last: lies before first")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.first <= day <= (self.last or self.first)


class HolidaysConfig(BaseModel):
    """Public holidays, on which the practice is closed."""

    model_config = _STRICT

    state: Annotated[State, Field(strict=False)]
    """Bundesland by its code in ISO 3166-2:DE, for example "BE"; "Augsburg" has one more than Bavaria."""
    also_closed: Annotated[frozenset[DayOfYear], Field(strict=False)] = frozenset({"12-24", "12-31"})
    """Further days of every year, as month and day."""
    open_on: Annotated[frozenset[Day], Field(strict=False)] = frozenset()
    """Holidays on which the practice is open all the same."""


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
    types: Annotated[
        Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")], AppointmentType], Field(max_length=9)
    ] = {}
    """Kinds of appointments by a short key; none: there is one, `service_name` of `slot_minutes`."""
    special_days: tuple[SpecialDays, ...] = Field((), strict=False)
    holidays: HolidaysConfig | None = None
    """None: public holidays are days like any other."""

    @model_validator(mode="after")
    def _kinds_can_be_booked(self) -> Self:
        for key, kind in self.types.items():
            lead_time, horizon = self.span_of(kind)
            if not lead_time < horizon <= _LONGEST_HORIZON:
                raise ValueError(
                    f"types.{key}.horizon: must be longer than lead_time, at most {_LONGEST_HORIZON.days}d"
                )
            hours = (kind.opening_hours or self.opening_hours).every()
            if not any(found.closes - found.opens >= kind.minutes for _, found in hours):
                raise ValueError(f"types.{key}.minutes: no opening hours are that long")
        names = [kind.name.casefold() for kind in self.types.values()]
        if len(set(names)) < len(names):
            raise ValueError("types: two of them have the same name")
        return self

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
        """How long an appointment is, unless its kind says otherwise."""
        return timedelta(minutes=self.slot_minutes)

    @cached_property
    def kinds(self) -> Mapping[str, AppointmentType]:
        """Every kind of appointment, in the operator's order."""
        return self.types or {ONLY: AppointmentType(name=self.service_name, minutes=self.slot_minutes)}

    def span_of(self, kind: AppointmentType) -> tuple[timedelta, timedelta]:
        """Lead time and horizon of a kind."""
        return kind.lead_time or self.lead_time, kind.horizon or self.horizon

    def hours_on(self, day: date, kind: AppointmentType) -> tuple[TimeRange, ...]:
        """When appointments of a kind can take place on a day of the practice's wall time.

        Special days go before holidays, holidays before the week's opening hours.
        """
        for special in self.special_days:
            if special.holds_on(day):
                return special.hours
        if self.holidays is not None and self._is_holiday(self.holidays, day):
            return ()
        return (kind.opening_hours or self.opening_hours).on(day.weekday())

    @staticmethod
    def _is_holiday(holidays: HolidaysConfig, day: date) -> bool:
        if day in holidays.open_on:
            return False
        return f"{day:%m-%d}" in holidays.also_closed or day in public_holidays(holidays.state, day.year)
