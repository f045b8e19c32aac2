"""The durable inbox: what arrived is stored, once, together with the sync position that covers it.

Only when both are on the disk does the homeserver learn, with the next sync, that the bot has the events.
"""

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)

from tim_bots.cipher import Cipher
from tim_bots.database import metadata, sealed
from tim_bots.points_in_time import from_ms, to_ms

_CONTENT = "inbox.content"

_inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("room_id", String, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, comment="that failed"),
    Column("not_before_ms", BigInteger, nullable=False, comment="the next attempt; 0: at once"),
    Column("error", String(64), comment="class of the last failure"),
    sealed("content", "event_id", nullable=True),  # NULL as soon as it is not needed any more
    Index("ix_inbox_state_id", "state", "id"),
    Index("ix_inbox_room_id_state", "room_id", "state"),
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
    """content: {"sender", "kind", "text"}, and of an event that could be read {"event_type", "content"};
    while it waits for its keys: the encrypted event"""
    NOT_ENCRYPTED = "not_encrypted"
    """content: {}"""
    TIMER = "timer"
    """content: {"key", "payload"}"""
    LEFT = "left"
    """The bot is not in the room any more; content: {}"""


class State(enum.StrEnum):
    """How far it is."""

    WAITING_FOR_KEYS = "waiting"
    ASKED = "asked"
    """As WAITING_FOR_KEYS, and the sender was asked to send it again."""
    READY = "ready"
    DONE = "done"
    FAILED = "failed"
    """A dead letter: the flow raised again and again; content is kept for the operator."""


UNREADABLE = (State.WAITING_FOR_KEYS, State.ASKED)


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
    state: State
    received_at: datetime
    attempts: int
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What an operator is told about something that could not be done; nothing personal.

    Args:
        name: for the commands.
        what: kind of message, or of answer.
        since: when it came in.
        attempts: how many failed.
        error: class or errcode of the last failure.
    """

    name: str
    what: str
    since: datetime
    attempts: int
    error: str


def _next() -> Select[Any]:
    other = _inbox.alias("other")
    is_held_up = exists().where(
        other.c.room_id == _inbox.c.room_id,
        other.c.state == State.READY,
        (other.c.kind == Kind.INVITE) | (other.c.id < _inbox.c.id),
    )
    return (
        select(_inbox)
        .where(
            _inbox.c.state == State.READY,
            _inbox.c.kind != Kind.INVITE,
            _inbox.c.not_before_ms <= bindparam("now"),
            ~is_held_up,
        )
        .order_by(_inbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=_inbox)
    )


# What is done for each message; making a statement costs more than running it.
_ADD = insert(_inbox)
_KNOWN = select(_inbox.c.id).where(_inbox.c.event_id == bindparam("event"))
_NEXT = _next()
_FINISH = update(_inbox).where(_inbox.c.id == bindparam("entry")).values(state=State.DONE, content=None)


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
        """Insert one thing, unless it is known."""
        if self._is_known(connection, arrival):
            return
        values = {
            "event_id": arrival.event_id,
            "room_id": arrival.room_id,
            "kind": arrival.kind,
            "state": arrival.state,
            "received_at_ms": to_ms(now),
            "attempts": 0,
            "not_before_ms": 0,
            "content": self._seal(arrival.event_id, arrival.content),
        }
        connection.execute(_ADD, values)

    def _is_known(self, connection: Connection, arrival: Arrival) -> bool:
        if arrival.kind not in {Kind.INVITE, Kind.LEFT}:
            return connection.scalar(_KNOWN, {"event": arrival.event_id}) is not None
        # has no event id; one that is still open is the same
        is_open = (_inbox.c.kind == arrival.kind) & (_inbox.c.state == State.READY)
        is_same = (_inbox.c.event_id == arrival.event_id) | (is_open & (_inbox.c.room_id == arrival.room_id))
        return bool(connection.scalar(select(exists().where(is_same))))

    def position(self, connection: Connection) -> str | None:
        """The committed sync position; None before the first sync."""
        return connection.scalar(select(_sync_position.c.next_batch))

    def skip_the_past(self, connection: Connection) -> None:
        """Forget the position, and what was open: the next sync is a first one, which takes no messages."""
        connection.execute(_sync_position.delete())
        is_open = _inbox.c.state.in_([State.READY, *UNREADABLE])
        connection.execute(update(_inbox).where(is_open).values(state=State.DONE, content=None))

    def next_message(self, connection: Connection, now: datetime) -> Entry | None:
        """The oldest message whose turn it is; None if there is none.

        Each room is a queue of its own: what failed and waits for its next attempt holds up its room only, and
        an invite that is not dealt with holds up the messages of its room.
        """
        row = connection.execute(_NEXT, {"now": to_ms(now)}).first()
        return None if row is None else self._open(row)

    def next_attempt_at(self, connection: Connection) -> datetime | None:
        """When the next message that failed is to be tried again; None if nothing failed."""
        at_ms = connection.scalar(
            select(func.min(_inbox.c.not_before_ms)).where(_inbox.c.state == State.READY, _inbox.c.not_before_ms > 0)
        )
        return None if at_ms is None else from_ms(at_ms)

    def in_state(self, connection: Connection, states: Iterable[State], *kinds: Kind) -> list[Entry]:
        """All entries of the given kinds in one of these states, oldest first."""
        rows = connection.execute(
            select(_inbox)
            .where(_inbox.c.state.in_(list(states)), _inbox.c.kind.in_(kinds), _inbox.c.content.is_not(None))
            .order_by(_inbox.c.id)
        )
        return [self._open(row) for row in rows]

    def replace(self, connection: Connection, entry: Entry, arrival: Arrival) -> None:
        """A waiting entry became readable."""
        connection.execute(
            update(_inbox)
            .where(_inbox.c.id == entry.id)
            .values(kind=arrival.kind, state=arrival.state, content=self._seal(entry.event_id, arrival.content))
        )

    def set_asked(self, connection: Connection, entry_id: int) -> None:
        """The sender is asked to send it again."""
        connection.execute(update(_inbox).where(_inbox.c.id == entry_id).values(state=State.ASKED))

    def was_asked(self, connection: Connection, room_id: str, since: datetime) -> bool:
        """Whether somebody in the room was asked to send again what arrived after `since`."""
        asked = exists().where(
            _inbox.c.room_id == room_id, _inbox.c.state == State.ASKED, _inbox.c.received_at_ms >= to_ms(since)
        )
        return bool(connection.scalar(select(asked)))

    def was_followed(self, connection: Connection, entry: Entry) -> bool:
        """Whether something readable came later in the same room."""
        later = exists().where(
            _inbox.c.room_id == entry.room_id,
            _inbox.c.id > entry.id,
            _inbox.c.kind == Kind.MESSAGE,
            _inbox.c.state.not_in(UNREADABLE),
        )
        return bool(connection.scalar(select(later)))

    def finish(self, connection: Connection, entry_id: int) -> None:
        """Handled: the content is erased, the event id stays so that the event is never handled again."""
        connection.execute(_FINISH, {"entry": entry_id})

    def postpone(self, connection: Connection, entry_id: int, until: datetime, error: str) -> None:
        """An attempt failed, the next one is to be made at `until`."""
        values = {"attempts": _inbox.c.attempts + 1, "not_before_ms": to_ms(until), "error": error[:64]}
        connection.execute(update(_inbox).where(_inbox.c.id == entry_id).values(values))

    def fail(self, connection: Connection, entry_id: int, error: str) -> None:
        """Not handled and not to be tried again: a dead letter for the operator."""
        values = {"state": State.FAILED, "attempts": _inbox.c.attempts + 1, "error": error[:64]}
        connection.execute(update(_inbox).where(_inbox.c.id == entry_id).values(values))

    def revive(self, connection: Connection, entry_id: int) -> bool:
        """Give a dead letter all its attempts again; returns whether there was one with this id."""
        is_dead = (_inbox.c.id == entry_id) & (_inbox.c.state == State.FAILED)
        values = {"state": State.READY, "attempts": 0, "not_before_ms": 0}
        return connection.execute(update(_inbox).where(is_dead).values(values)).rowcount == 1

    def drop(self, connection: Connection, entry_id: int) -> bool:
        """Erase a dead letter; returns whether there was one with this id."""
        is_dead = (_inbox.c.id == entry_id) & (_inbox.c.state == State.FAILED)
        values = {"state": State.DONE, "content": None}
        return connection.execute(update(_inbox).where(is_dead).values(values)).rowcount == 1

    def dead(self, connection: Connection) -> list[DeadLetter]:
        """All dead letters, the oldest first."""
        columns = (_inbox.c.id, _inbox.c.kind, _inbox.c.received_at_ms, _inbox.c.attempts, _inbox.c.error)
        rows = connection.execute(select(*columns).where(_inbox.c.state == State.FAILED).order_by(_inbox.c.id))
        return [
            DeadLetter(f"in-{row.id}", row.kind, from_ms(row.received_at_ms), row.attempts, row.error or "")
            for row in rows
        ]

    def close_room(self, connection: Connection, room_id: str) -> None:
        """Nothing that waits for its keys in this room matters any more."""
        waits = (_inbox.c.room_id == room_id) & _inbox.c.state.in_(UNREADABLE)
        connection.execute(update(_inbox).where(waits).values(state=State.DONE, content=None))

    def was_told_before(self, connection: Connection, entry: Entry) -> bool:
        """Whether an earlier entry of this kind was already dealt with in this room."""
        earlier = exists().where(_inbox.c.room_id == entry.room_id, _inbox.c.kind == entry.kind, _inbox.c.id < entry.id)
        return bool(connection.scalar(select(earlier)))

    def count(self, connection: Connection, states: Iterable[State]) -> int:
        """How many entries are in one of these states."""
        return connection.scalar(select(func.count()).where(_inbox.c.state.in_(list(states)))) or 0

    def oldest(self, connection: Connection, states: Iterable[State]) -> datetime | None:
        """When the oldest entry in one of these states arrived; None if there is none."""
        at_ms = connection.scalar(select(func.min(_inbox.c.received_at_ms)).where(_inbox.c.state.in_(list(states))))
        return None if at_ms is None else from_ms(at_ms)

    def _seal(self, event_id: str, content: dict[str, Any]) -> bytes:
        return self._cipher.seal(json.dumps(content).encode(), _CONTENT, event_id)

    def _open(self, row: Row[Any]) -> Entry:
        return Entry(
            id=row.id,
            event_id=row.event_id,
            room_id=row.room_id,
            kind=Kind(row.kind),
            state=State(row.state),
            received_at=from_ms(row.received_at_ms),
            attempts=row.attempts,
            content=json.loads(self._cipher.open(row.content, _CONTENT, row.event_id)),
        )
