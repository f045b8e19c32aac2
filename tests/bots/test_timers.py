"""Timers come once, in order, in their room, and not after they were cancelled."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tim_bots.cipher import Cipher
from tim_bots.database import open_engine
from tim_bots.inbox import Kind, State
from tim_bots.queues import Queues

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOM, OTHER = "!a:a.test", "!b:a.test"
QUEUES = Queues.of(Cipher(os.urandom(32)))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = open_engine(tmp_path / "bot.db")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def fired(connection: Connection, now: datetime = NOW) -> list[tuple[str, str]]:
    QUEUES.timers.fire(connection, now)
    entries = QUEUES.inbox.in_state(connection, [State.READY], Kind.TIMER)
    return [(entry.room_id, entry.content["key"]) for entry in entries]


def set_timer(connection: Connection, key: str, seconds: float = 0, room_id: str = ROOM) -> None:
    QUEUES.timers.set(connection, room_id, key, NOW + timedelta(seconds=seconds), {"key": key})


def test_a_timer_is_not_early(connection: Connection) -> None:
    set_timer(connection, "a", seconds=0.001)
    assert fired(connection) == []
    assert QUEUES.timers.next_due(connection) == NOW + timedelta(seconds=0.001)
    assert fired(connection, NOW + timedelta(seconds=0.001)) == [(ROOM, "a")]
    assert QUEUES.timers.next_due(connection) is None


def test_timers_come_in_the_order_of_their_time_and_once(connection: Connection) -> None:
    set_timer(connection, "second", seconds=-1)
    set_timer(connection, "first", seconds=-2)
    expected = [(ROOM, "first"), (ROOM, "second")]
    assert fired(connection) == expected
    assert fired(connection) == expected


def test_a_timer_set_again_is_moved(connection: Connection) -> None:
    set_timer(connection, "a")
    set_timer(connection, "a", seconds=60)
    assert fired(connection) == []
    assert fired(connection, NOW + timedelta(seconds=60)) == [(ROOM, "a")]


def test_a_timer_set_again_after_it_came_comes_again(connection: Connection) -> None:
    for _ in range(2):
        set_timer(connection, "a")
        fired(connection)
    assert fired(connection) == [(ROOM, "a"), (ROOM, "a")]


def test_a_cancelled_timer_does_not_come_and_others_do(connection: Connection) -> None:
    set_timer(connection, "a")
    set_timer(connection, "a", room_id=OTHER)
    QUEUES.timers.cancel(connection, ROOM, "a")
    QUEUES.timers.cancel(connection, ROOM, "never set")
    assert fired(connection) == [(OTHER, "a")]


def test_a_room_that_was_left_has_no_timers(connection: Connection) -> None:
    set_timer(connection, "a")
    set_timer(connection, "b")
    QUEUES.timers.cancel_room(connection, ROOM)
    assert fired(connection) == []
