"""The durable inbox: what arrived is stored, once, together with the sync position that covers it.

Only when both are on the disk does the homeserver learn, with the next sync, that the bot has the events.
"""

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    exists,
    func,
    insert,
    select,
    update,
)

from tim_bots.cipher import Cipher
from tim_bots.database import metadata

_CONTENT = "inbox.content"

_inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("room_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("content", LargeBinary, comment="sealed; NULL as soon as it is not needed any more"),
    Index("inbox_by_state", "state", "id"),
)
_sync_position = Table(
    "sync_position",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("next_batch", String, nullable=False),
)


class Kind(enum.StrEnum):
    """What arrived."""

    INVITE = "invite"
    """content: {"sender"}"""
    MESSAGE = "message"
    """content: {"sender", "kind", "text"}, and of an event that could be read {"event_type", "content"}"""
    NOT_ENCRYPTED = "not_encrypted"
    """content: {}"""


class State(enum.StrEnum):
    """How far it is."""

    WAITING_FOR_KEYS = "waiting_for_keys"
    """content: the encrypted event"""
    READY = "ready"
    DONE = "done"
    FAILED = "failed"
    """The flow raised; content is kept for the operator."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing to be stored."""

    event_id: str
    room_id: str
    kind: Kind
    state: State
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing stored, opened."""

    id: int
    event_id: str
    room_id: str
    kind: Kind
    received_at: datetime
    content: dict[str, Any]


class Inbox:
    """Reads and writes the inbox through whatever transaction it is given."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def store(self, connection: Connection, arrivals: Sequence[Arrival], next_batch: str, now: datetime) -> None:
        """Insert what is new and move the sync position, both or neither."""
        for arrival in arrivals:
            self.add(connection, arrival, now)
        moved = connection.execute(update(_sync_position).values(next_batch=next_batch))
        if moved.rowcount == 0:
            connection.execute(insert(_sync_position).values(id=1, next_batch=next_batch))

    def add(self, connection: Connection, arrival: Arrival, now: datetime) -> None:
        """Insert one arrival, unless it is known."""
        if self._is_known(connection, arrival):
            return
        connection.execute(
            insert(_inbox).values(
                event_id=arrival.event_id,
                room_id=arrival.room_id,
                kind=arrival.kind,
                state=arrival.state,
                received_at_ms=round(now.timestamp() * 1000),
                content=self._seal(arrival.content),
            )
        )

    def _is_known(self, connection: Connection, arrival: Arrival) -> bool:
        is_same = _inbox.c.event_id == arrival.event_id
        if arrival.kind is Kind.INVITE:  # has no event id; one that is still open is the same
            is_open = (_inbox.c.kind == Kind.INVITE) & (_inbox.c.state == State.READY)
            is_same |= is_open & (_inbox.c.room_id == arrival.room_id)
        return bool(connection.scalar(select(exists().where(is_same))))

    def position(self, connection: Connection) -> str | None:
        """The committed sync position; None before the first sync."""
        return connection.scalar(select(_sync_position.c.next_batch))

    def next_message(self, connection: Connection) -> Entry | None:
        """The oldest message that is ready, from a room whose invite is dealt with; None if there is none."""
        invite = _inbox.alias("invite")
        is_joining = exists().where(
            invite.c.room_id == _inbox.c.room_id, invite.c.kind == Kind.INVITE, invite.c.state == State.READY
        )
        row = connection.execute(
            select(_inbox)
            .where(_inbox.c.state == State.READY, _inbox.c.kind != Kind.INVITE, ~is_joining)
            .order_by(_inbox.c.id)
            .limit(1)
        ).first()
        return None if row is None else self._open(row)

    def in_state(self, connection: Connection, state: State, *kinds: Kind) -> list[Entry]:
        """All entries of the given kinds in this state, oldest first."""
        rows = connection.execute(
            select(_inbox).where(_inbox.c.state == state, _inbox.c.kind.in_(kinds)).order_by(_inbox.c.id)
        )
        return [self._open(row) for row in rows]

    def replace(self, connection: Connection, entry_id: int, arrival: Arrival) -> None:
        """A waiting entry became readable, or will never be."""
        connection.execute(
            update(_inbox)
            .where(_inbox.c.id == entry_id)
            .values(kind=arrival.kind, state=arrival.state, content=self._seal(arrival.content))
        )

    def finish(self, connection: Connection, entry_id: int) -> None:
        """Handled: the content is erased, the event id stays so that the event is never handled again."""
        connection.execute(update(_inbox).where(_inbox.c.id == entry_id).values(state=State.DONE, content=None))

    def fail(self, connection: Connection, entry_id: int) -> None:
        """Not handled and not to be tried again: kept for the operator."""
        connection.execute(update(_inbox).where(_inbox.c.id == entry_id).values(state=State.FAILED))

    def was_told_before(self, connection: Connection, entry: Entry) -> bool:
        """Whether an earlier entry of this kind was already dealt with in this room."""
        earlier = exists().where(_inbox.c.room_id == entry.room_id, _inbox.c.kind == entry.kind, _inbox.c.id < entry.id)
        return bool(connection.scalar(select(earlier)))

    def count(self, connection: Connection, states: Iterable[State]) -> int:
        """How many entries are in one of these states."""
        return connection.scalar(select(func.count()).where(_inbox.c.state.in_(list(states)))) or 0

    def _seal(self, content: dict[str, Any]) -> bytes:
        return self._cipher.seal(json.dumps(content).encode(), _CONTENT)

    def _open(self, row: Row[Any]) -> Entry:
        return Entry(
            id=row.id,
            event_id=row.event_id,
            room_id=row.room_id,
            kind=Kind(row.kind),
            received_at=datetime.fromtimestamp(row.received_at_ms / 1000, UTC),
            content=json.loads(self._cipher.open(row.content, _CONTENT)),
        )
