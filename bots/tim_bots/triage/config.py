"""The staff behind a function account, as the operator writes it."""

from datetime import date, datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from tim_bots.opening_hours import OpeningHours, TimeZone
from tim_policy.settings import Settings
from tim_policy.units import Duration

Key = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
UserId = Annotated[str, Field(pattern=r"^@[a-z0-9._=/+-]+:[A-Za-z0-9.\-:\[\]]+$", max_length=255)]


class Absence(Settings):
    """Days on which somebody is not there, both included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("last: must not be before first")
        return self


class Person(Settings):
    """Somebody of the staff."""

    user_id: UserId
    """Personal Matrix user id; its permission configuration decides whether the invite arrives."""
    name: Annotated[str, Field(min_length=1, max_length=80)]
    """As people in the room read it."""
    hours: OpeningHours | None = None
    """When the person answers; None: during the opening hours of the staff."""
    absences: tuple[Absence, ...] = ()
    deputy: Key | None = None
    """Who answers during an absence; None: the next person of the concern."""

    def absence_on(self, day: date) -> Absence | None:
        """The absence that a day belongs to."""
        return next((one for one in self.absences if one.first <= day <= one.last), None)


class Concern(Settings):
    """Something people come for."""

    label: Annotated[str, Field(min_length=1, max_length=80)]
    words: tuple[str, ...] = ()
    """What people may write for it, besides its label."""
    persons: tuple[Key, ...] = ()
    """Who is responsible, in the order in which they are asked."""
    dialogue: Annotated[str, Field(pattern="^appointment$")] | None = None
    """The bot deals with it itself, in this dialogue."""
    roles: tuple[Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)+$")], ...] = ()
    """professionOIDs; offered only to senders whose directory entry has one of them. Empty: to everybody."""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if bool(self.persons) == (self.dialogue is not None):
            raise ValueError("write either persons or dialogue")
        return self


class StaffConfig(Settings):
    """Who is there for which concern, and when."""

    time_zone: TimeZone = "Europe/Berlin"
    hours: OpeningHours
    """When somebody answers at all."""
    patience: Duration = timedelta(minutes=15)
    """So long an invited person may take before the next one is invited."""
    persons: dict[Key, Person]
    concerns: Annotated[dict[Key, Concern], Field(min_length=1, max_length=20)]
    """In the order in which they are numbered."""

    @model_validator(mode="after")
    def _everybody_is_known(self) -> Self:
        for key, person in self.persons.items():
            if person.deputy is not None and person.deputy not in self.persons:
                raise ValueError(f"persons.{key}.deputy: no such person")
        for key, concern in self.concerns.items():
            if unknown := set(concern.persons) - self.persons.keys():
                raise ValueError(f"concerns.{key}.persons: no such person: {', '.join(sorted(unknown))}")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The staff's time zone."""
        return ZoneInfo(self.time_zone)

    def is_open(self, now: datetime, person: Person | None = None) -> bool:
        """Whether the staff, or a person of it, answers at this moment."""
        hours = self.hours if person is None or person.hours is None else person.hours
        return hours.covers(now.astimezone(self.zone))
