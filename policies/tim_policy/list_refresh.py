"""When the federation list is fetched again: regularly, after a failure, and for an unknown server (A_25537)."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tim_policy.federation_list import MAX_AGE
from tim_policy.names import ServerName

MAX_QUICK_RETRIES = 3
"""Attempts at the retry interval before an outage is a matter of hours."""

JITTER = 0.1
"""Share of an interval by which it is shortened at most, so that homeservers do not ask in step."""

NEGATIVE_CACHE = timedelta(minutes=10)
MAX_CACHED_MISSES = 10_000
BUDGET_BURST = 3
BUDGET_PERIOD = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Intervals of the source.

    Args:
        refresh_interval: between two regular look-ups.
        retry_interval: between the first attempts after a failure.
    """

    refresh_interval: timedelta
    retry_interval: timedelta

    def delay(self, failures: int, jitter: float) -> timedelta:
        """Time until the next attempt.

        Args:
            failures: how many attempts failed in a row; 0 after a success.
            jitter: random, from 0 up to but not including 1.
        """
        is_quick = 0 < failures <= MAX_QUICK_RETRIES
        interval = min(self.retry_interval, self.refresh_interval) if is_quick else self.refresh_interval
        return interval * (1 - JITTER * jitter)

    def is_due(self, now: datetime, next_at: datetime) -> bool:
        """Whether to fetch now; also when `next_at` is further away than any interval: the clock was set back."""
        return now >= next_at or next_at - now > max(self.refresh_interval, self.retry_interval)


def clamp_confirmed_at(confirmed_at: datetime, now: datetime) -> datetime:
    """A confirmation from the future (the clock was ahead) counts as one from now."""
    return min(confirmed_at, now)


def is_too_old(confirmed_at: datetime, now: datetime) -> bool:
    """Whether a list confirmed then no longer proves membership (TTL_Föderationsliste)."""
    return now - confirmed_at > MAX_AGE


@dataclass(frozen=True, slots=True)
class Budget:
    """How many refetches for unknown servers are left: a bucket of `BUDGET_BURST`, one more per `BUDGET_PERIOD`.

    Args:
        tokens: what was left at `at`.
        at: when that was.
    """

    tokens: float
    at: datetime

    def take(self, now: datetime) -> "Budget | None":
        """What is left after one refetch; None when there is nothing to take. A clock set back refills nothing."""
        refilled = max(timedelta(0), now - self.at) / BUDGET_PERIOD
        tokens = min(float(BUDGET_BURST), self.tokens + refilled)
        return replace(self, tokens=tokens - 1, at=now) if tokens >= 1 else None


class Misses:
    """Decides whether an unknown server is worth a refetch: not twice within `NEGATIVE_CACHE`, not beyond the budget.

    Args:
        now: start of the budget, which is full then.
    """

    def __init__(self, now: datetime) -> None:
        self._budget = Budget(BUDGET_BURST, now)
        self._asked: OrderedDict[ServerName, datetime] = OrderedDict()

    def may_refetch(self, server_name: ServerName, now: datetime) -> bool:
        """Whether to refetch for it now; a yes is remembered and paid for."""
        asked = self._asked.get(server_name)
        if asked is not None and timedelta(0) <= now - asked < NEGATIVE_CACHE:
            return False
        if not self.take(now):
            return False
        self._asked[server_name] = now
        self._asked.move_to_end(server_name)
        if len(self._asked) > MAX_CACHED_MISSES:
            self._asked.popitem(last=False)
        return True

    def take(self, now: datetime) -> bool:
        """Pay for one refetch; False: not now."""
        budget = self._budget.take(now)
        self._budget = budget or self._budget
        return budget is not None
