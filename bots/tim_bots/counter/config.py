"""The counter as the operator writes it."""

from datetime import time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from tim_bots.counter.case import Member
from tim_bots.opening_hours import OpeningHours, TimeZone
from tim_bots.triage.config import Key, UserId
from tim_policy.settings import Settings
from tim_policy.units import Duration

TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class CounterMember(Settings):
    """Somebody who may decide in the counter room."""

    user_id: UserId
    name: Annotated[str, Field(min_length=1, max_length=80)]
    """As the people who ask may read it."""
    is_doctor: bool = False
    """May decide what is a doctor's to decide."""


class CounterConfig(Settings):
    """Who works at the counter; its room is `staff_room`."""

    members: Annotated[dict[Key, CounterMember], Field(min_length=1, max_length=200)]
    """Nobody else decides anything, also if they are in the room."""
    time_zone: TimeZone = "Europe/Berlin"
    hours: OpeningHours | None = None
    """When somebody is there; what becomes overdue outside is said when the practice opens. None: always."""
    overdue: Duration = timedelta(hours=24)
    """A request that waits longer is marked and said again, as often as this time passes."""
    overdue_urgent: Duration = timedelta(hours=4)
    """The same for an urgent one."""
    summary_at: TimeOfDay | None = "07:30"
    """When the open requests are listed each day; None: never."""

    @model_validator(mode="after")
    def _one_account_each(self) -> Self:
        accounts = [member.user_id for member in self.members.values()]
        if len(set(accounts)) < len(accounts):
            raise ValueError("members: two members have the same user_id")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The practice's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def summary_time(self) -> time | None:
        """`summary_at` on the clock; None: no summary."""
        return None if self.summary_at is None else time.fromisoformat(self.summary_at)

    def member(self, user_id: str) -> Member | None:
        """Who this is; None: nobody of the counter."""
        for key, member in self.members.items():
            if member.user_id == user_id:
                return Member(key, user_id, member.name, member.is_doctor)
        return None
