"""What the process knows about its own health; red until proven otherwise."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

STALE_AFTER = timedelta(minutes=2)
"""A sync answers within its 30 s long poll; four of them missed is an outage."""
LATE_AFTER = timedelta(minutes=5)
"""Somebody waits for an answer that is in the outbox for so long, while nothing else is wrong."""


@dataclass(slots=True)
class Health:
    """Written by the parts, read by `/ready` and `/metrics`.

    Args:
        last_sync_at: end of the last sync that was stored; None before the first.
        token_valid: the homeserver accepted the token.
        identity_published: the cross-signing self-check of this start succeeded.
        is_standby: another process works for the account.
        retrying: ids of answers whose last attempt to be sent failed.
    """

    last_sync_at: datetime | None = None
    token_valid: bool = False
    identity_published: bool = False
    is_standby: bool = False
    retrying: set[int] = field(default_factory=set)

    def stand_by(self) -> None:
        """It is another process' turn: nothing that was known holds any more."""
        self.last_sync_at, self.token_valid, self.identity_published = None, False, False
        self.is_standby = True
        self.retrying.clear()


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts from the database, and the moments since which something waits (None: nothing does).

    Args:
        ready, undecryptable, dead_in: entries of the inbox.
        waiting_out, dead_out: steps of the outbox.
        timers: that are set.
        oldest_in, oldest_out: what was not handled, or not sent.
    """

    ready: int = 0
    undecryptable: int = 0
    dead_in: int = 0
    waiting_out: int = 0
    dead_out: int = 0
    timers: int = 0
    oldest_in: datetime | None = None
    oldest_out: datetime | None = None


def seconds_since(moment: datetime | None, now: datetime) -> int | None:
    """Age in whole seconds, never negative; None of None."""
    return None if moment is None else max(0, round((now - moment).total_seconds()))


def readiness(health: Health, backlog: Backlog | None, now: datetime) -> tuple[bool, dict[str, Any]]:
    """Whether the bot does its work, and the components that say so.

    A dead letter makes it red: a person got no answer and an operator has to look. So is a standby, which is no
    fault of it but does no work.

    Args:
        health: of the process.
        backlog: None: the database did not answer.
        now: the time.
    """
    age = seconds_since(health.last_sync_at, now)
    components: dict[str, dict[str, Any]] = {
        "turn": {"ok": not health.is_standby},
        "sync": {"ok": age is not None and age <= STALE_AFTER.total_seconds(), "age_seconds": age},
        "token": {"ok": health.token_valid},
        "identity": {"ok": health.identity_published},
        "database": {"ok": backlog is not None},
    }
    if backlog is not None:
        components |= _queues(health, backlog, now)
    return all(part["ok"] for part in components.values()), components


def _queues(health: Health, backlog: Backlog, now: datetime) -> dict[str, dict[str, Any]]:
    dead = backlog.dead_in + backlog.dead_out
    oldest_in = seconds_since(backlog.oldest_in, now) or 0
    is_late = oldest_in > LATE_AFTER.total_seconds()
    return {
        "messages": {
            "ok": not is_late,
            "waiting": backlog.ready,
            "undecryptable": backlog.undecryptable,
            "oldest_seconds": oldest_in,
        },
        "dead_letters": {"ok": dead == 0, "count": dead},
        # one room that cannot be reached is no fault of the bot
        "answers": {
            "ok": True,
            "waiting": backlog.waiting_out,
            "retrying": len(health.retrying),
            "oldest_seconds": seconds_since(backlog.oldest_out, now) or 0,
        },
    }
