"""Leaves a machine alone that failed several times in a row, so that nobody waits for it in vain."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_FAILURES = 3
PAUSE = timedelta(seconds=30)


@dataclass(slots=True)
class CircuitBreaker:
    """Counts failures; after `MAX_FAILURES` in a row one question per `PAUSE` finds out whether things are well again.

    Args:
        failures: in a row.
        last: the newest failure, or the newest question that was let through during the pause.
    """

    failures: int = 0
    last: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Nobody asks, except once per pause."""
        return self.failures >= MAX_FAILURES

    def may_ask(self, now: datetime) -> bool:
        """Whether to ask at `now`; a yes during the pause is the only one for the length of a pause."""
        if not self.is_open:
            return True
        if self.last is not None and timedelta() <= now - self.last < PAUSE:
            return False  # a clock that was set back ends the pause
        self.last = now
        return True

    def failed(self, now: datetime) -> bool:
        """Note a failure; True when it opens the breaker."""
        was_open = self.is_open
        self.failures += 1
        self.last = now
        return self.is_open and not was_open

    def succeeded(self) -> bool:
        """Note an answer; True when it closes the breaker."""
        was_open = self.is_open
        self.failures, self.last = 0, None
        return was_open
