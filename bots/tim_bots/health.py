"""What the process knows about its own health; red until proven otherwise."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

STALE_AFTER = timedelta(minutes=2)
"""A sync answers within its 30 s long poll; four of them missed is an outage."""


@dataclass(slots=True)
class Health:
    """Written by the parts, read by `/ready`.

    Args:
        last_sync_at: end of the last sync that was stored; None before the first.
        token_valid: the homeserver accepted the token.
        identity_published: the cross-signing self-check of this start succeeded.
        retrying: ids of answers whose last attempt to be sent failed.
    """

    last_sync_at: datetime | None = None
    token_valid: bool = False
    identity_published: bool = False
    retrying: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts from the database."""

    failed: int
    waiting_in: int
    waiting_out: int


def readiness(health: Health, backlog: Backlog, now: datetime) -> tuple[bool, dict[str, Any]]:
    """Whether the bot does its work, and the components that say so.

    A failed message makes it red: a person got no answer and an operator has to look.
    """
    age = None if health.last_sync_at is None else now - health.last_sync_at
    components: dict[str, dict[str, Any]] = {
        "sync": {
            "ok": age is not None and age <= STALE_AFTER,
            "age_seconds": None if age is None else round(age.total_seconds()),
        },
        "token": {"ok": health.token_valid},
        "identity": {"ok": health.identity_published},
        "messages": {"ok": backlog.failed == 0, "failed": backlog.failed, "waiting": backlog.waiting_in},
        # one room that cannot be reached is no fault of the bot
        "answers": {"ok": True, "waiting": backlog.waiting_out, "retrying": len(health.retrying)},
    }
    return all(part["ok"] for part in components.values()), components
