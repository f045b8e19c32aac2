"""Timers of flows: stored with the decision that sets them, and turned into an inbox entry when they are due.

Turning is one transaction, so a timer comes once, whenever the process dies.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
)

from tim_bots.cipher import Cipher
from tim_bots.database import metadata, sealed
from tim_bots.inbox import Arrival, Inbox, Kind, State
from tim_bots.points_in_time import from_ms, to_ms

_PAYLOAD = "timer.payload"

_timer = Table(
    "timer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room_id", String, nullable=False),
    Column("key", String(255), nullable=False),
    Column("due_at_ms", BigInteger, nullable=False, index=True),
    sealed("payload", "room_id", "key"),
    UniqueConstraint("room_id", "key"),
    sqlite_autoincrement=True,  # the id becomes part of an event id and must not come again
)


class Timers:
    """Reads and writes timers through whatever transaction it is given."""

    def __init__(self, cipher: Cipher, inbox: Inbox) -> None:
        self._cipher = cipher
        self._inbox = inbox

    def set(self, connection: Connection, room_id: str, key: str, due: datetime, payload: Mapping[str, Any]) -> None:
        """Set a timer; one with the same key in this room is replaced."""
        self.cancel(connection, room_id, key)
        content = self._cipher.seal(json.dumps(dict(payload)).encode(), _PAYLOAD, room_id, key)
        values = {"room_id": room_id, "key": key, "due_at_ms": to_ms(due), "payload": content}
        connection.execute(insert(_timer).values(values))

    def cancel(self, connection: Connection, room_id: str, key: str) -> None:
        """Remove a timer, if there is one."""
        connection.execute(delete(_timer).where(_timer.c.room_id == room_id, _timer.c.key == key))

    def cancel_room(self, connection: Connection, room_id: str) -> None:
        """Remove all timers of a room that the bot has left."""
        connection.execute(delete(_timer).where(_timer.c.room_id == room_id))

    def fire(self, connection: Connection, now: datetime) -> int:
        """Move all due timers into the inbox, the earliest first.

        Returns:
            How many there were.
        """
        due = connection.execute(
            select(_timer)
            .where(_timer.c.due_at_ms <= to_ms(now))
            .order_by(_timer.c.due_at_ms, _timer.c.id)
            .with_for_update(skip_locked=True)
        ).all()
        for row in due:
            payload = json.loads(self._cipher.open(row.payload, _PAYLOAD, row.room_id, row.key))
            content = {"key": row.key, "payload": payload}
            arrival = Arrival(f"timer {row.id}", row.room_id, Kind.TIMER, State.READY, content)
            self._inbox.add(connection, arrival, now)
            connection.execute(delete(_timer).where(_timer.c.id == row.id))
        return len(due)

    def skip_the_past(self, connection: Connection, now: datetime) -> None:
        """Forget the timers that are overdue."""
        connection.execute(delete(_timer).where(_timer.c.due_at_ms <= to_ms(now)))

    def count(self, connection: Connection) -> int:
        """How many timers are set."""
        return connection.scalar(select(func.count()).select_from(_timer)) or 0

    def next_due(self, connection: Connection) -> datetime | None:
        """When the next timer is due; None if there is none."""
        at_ms = connection.scalar(select(func.min(_timer.c.due_at_ms)))
        return None if at_ms is None else from_ms(at_ms)
