"""Descriptions of events for `tim policy explain`."""

from typing import Any

from pydantic import Field

from tim_policy.event import EventFacts
from tim_policy.profile import Profile
from tim_policy.settings import Settings
from tim_policy.units import Duration


class EventDescription(Settings):
    """An event that somebody wants to send; see `EventFacts`."""

    event_type: str
    content: dict[str, Any] = Field(default_factory=dict)
    is_one_emoji: bool = False
    redacts: str | None = None
    redacted_age: Duration | None = None

    def facts(self, profile: Profile) -> EventFacts:  # noqa: ARG002 - the same for both
        """The facts of `EVENT_RULES`."""
        return EventFacts(self.event_type, self.content, self.is_one_emoji, self.redacts, self.redacted_age)
