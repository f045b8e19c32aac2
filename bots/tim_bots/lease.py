"""The lease that lets several hosts share an account: one of them works, the others wait for its turn to end.

It stands in the account's database. Taking it raises the epoch, and each transaction of the holder first checks
that the epoch is still its own (fencing): a holder that was frozen and comes back cannot write any more. What it
had half sent carries the same transaction id as the repetition by its successor, on the same device, so it is the
same event to the homeserver.
"""

import time

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, extract, func, select, update

from tim_bots.database import metadata
from tim_policy.errors import TimError

_SAFETY_SECONDS = 5
"""So long before the end the holder stops sending."""

_lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False, comment="by the clock of the database"),
)


class LeaseLost(TimError):
    """Another process has the account now; this one must stop working for it."""

    def __init__(self) -> None:
        super().__init__("lease: another process has taken this account over")


class Lease:
    """This process' claim to the account.

    Args:
        holder: names this process; without personal data.
        ttl_seconds: if it is not renewed for so long, it is lost.
    """

    def __init__(self, holder: str, ttl_seconds: float) -> None:
        self._holder = holder
        self._ttl_ms = round(ttl_seconds * 1000)
        self._safety = min(_SAFETY_SECONDS, ttl_seconds / 4)
        self._epoch: int | None = None
        self._safe_until = 0.0

    def take(self, connection: Connection) -> bool:
        """Take the lease if nobody has it; returns whether this process has it now."""
        began = _seconds_awake_or_asleep()
        row = connection.execute(select(_lease).with_for_update(skip_locked=True)).first()
        now = _now_ms(connection)
        if row is None or row.expires_at_ms > now:
            return False
        values = {"holder": self._holder, "epoch": row.epoch + 1, "expires_at_ms": now + self._ttl_ms}
        connection.execute(update(_lease).values(values))
        self._epoch = row.epoch + 1
        self._extend(began)
        return True

    def renew(self, connection: Connection) -> None:
        """Keep it for another while.

        Raises:
            LeaseLost: somebody else has it.
        """
        began = _seconds_awake_or_asleep()
        values = {"expires_at_ms": _now_ms(connection) + self._ttl_ms}
        if connection.execute(update(_lease).where(_lease.c.epoch == self._epoch).values(values)).rowcount == 0:
            raise LeaseLost
        self._extend(began)

    def release(self, connection: Connection) -> None:
        """Let the next one have it at once."""
        connection.execute(update(_lease).where(_lease.c.epoch == self._epoch).values(expires_at_ms=0))
        self._safe_until = 0.0

    def fence(self, connection: Connection) -> None:
        """Make the transaction fail if the lease is somebody else's, and nobody can take it until it ends.

        Raises:
            LeaseLost: it is.
        """
        if connection.scalar(select(_lease.c.epoch).with_for_update(read=True)) != self._epoch:
            raise LeaseLost

    def require_time_left(self) -> None:
        """To be called right before something is sent.

        Raises:
            LeaseLost: it may have ended, by a clock that does not stop while the machine sleeps.
        """
        if _seconds_awake_or_asleep() >= self._safe_until:
            raise LeaseLost

    def _extend(self, began: float) -> None:
        self._safe_until = began + self._ttl_ms / 1000 - self._safety


def _seconds_awake_or_asleep() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _now_ms(connection: Connection) -> int:
    """By the database's clock, which all holders share."""
    if connection.dialect.name == "postgresql":
        seconds = connection.scalar(select(extract("epoch", func.clock_timestamp())))
        return int((seconds or 0) * 1000)
    return time.time_ns() // 1_000_000
