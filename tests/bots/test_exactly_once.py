"""Inbox, worker, outbox: whenever the process dies, each message is answered once, in order."""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from sqlalchemy import Column, Connection, Integer, String, Table, insert, select, text

from tim_bots import worker
from tim_bots.cipher import Cipher
from tim_bots.database import Database, metadata, open_engine
from tim_bots.delivery import Delivery
from tim_bots.flow import Flow, Incoming, Outgoing, SendFile, SendText
from tim_bots.inbox import UNREADABLE, Arrival, DeadLetter, Entry, Inbox, Kind, State
from tim_bots.queues import Queues
from tim_bots.worker import Worker

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CIPHER = Cipher(os.urandom(32))
BOT, OPERATOR = "@bot:a.test", "!operator:a.test"

bookings = Table("test_bookings", metadata, Column("id", Integer, primary_key=True), Column("text", String))


def said(number: int, text: str, room_id: str = "!a:a.test") -> Arrival:
    content = {"sender": "@anna:a.test", "kind": "text", "text": text}
    return Arrival(f"$event-{number}", room_id, Kind.MESSAGE, State.READY, content)


SYNCS = [
    ("s1", [said(1, "one"), said(2, "file")]),
    ("s2", [said(2, "file"), said(3, "three", "!b:a.test"), said(4, "four")]),  # 2 came again
]
EXPECTED = {
    "!a:a.test": ["one", "file", "termin.ics", "four"],
    "!b:a.test": ["three"],
}


class BookingFlow:
    """Writes into a table of its own and answers, in one transaction."""

    is_broken = True

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        if message.text == "raise" and self.is_broken:
            connection.execute(insert(bookings).values(text="to be undone"))
            raise RuntimeError(message.text)
        connection.execute(insert(bookings).values(text=message.text))
        answers: list[Outgoing] = [SendText(message.text)]
        return [*answers, SendFile("termin.ics", "text/calendar", b"ics")] if message.text == "file" else answers


class Crash(BaseException):
    """The process is gone."""


class CrashingDatabase(Database):
    """Dies at the n-th commit: right before it (nothing was stored) or right after it (everything was)."""

    def __init__(self, path: Path, crash_at: int, *, is_stored: bool) -> None:
        engine = open_engine(path)
        bookings.create(engine, checkfirst=True)
        super().__init__(engine)
        self.commits = 0
        self._crash_at = crash_at
        self._is_stored = is_stored

    async def transaction(self, work: Callable[[Connection], T]) -> T:
        self.commits += 1
        if self.commits == self._crash_at and not self._is_stored:
            raise Crash
        result = await super().transaction(work)
        if self.commits == self._crash_at:
            raise Crash
        return result


class Homeserver:
    """Keeps one event per transaction id, as Synapse does, and stands in for the client that talks to it."""

    def __init__(self) -> None:
        self.events: dict[str, tuple[str, dict[str, Any]]] = {}
        self.rooms = {room_id: SimpleNamespace(encrypted=True) for room_id in (*EXPECTED, OPERATOR)}
        self.access_token = "token"

    async def room_send(self, room_id: str, _type: str, content: dict[str, Any], tx_id: str, **_: Any) -> Any:
        self.events.setdefault(tx_id, (room_id, content))
        return SimpleNamespace(event_id="$sent")

    async def send(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(status=200)

    async def parse_body(self, _response: Any) -> dict[str, Any]:
        return {"content_uri": "mxc://a.test/file"}

    def shown(self) -> dict[str, list[str]]:
        shown: dict[str, list[str]] = {}
        for room_id, content in self.events.values():
            shown.setdefault(room_id, []).append(content["body"])
        return shown


async def live(database: Database, homeserver: Any) -> None:
    """One life of the process: sync, handle and send until there is nothing left to do."""
    bench = Bench(database, homeserver)
    while True:
        position = await database.transaction(bench.queues.inbox.position)
        await bench.drain()
        missed = SYNCS[[None, "s1", "s2"].index(position) :]
        if not missed:
            return
        await bench.receive(missed[0][1], missed[0][0])


class Bench:
    """A bot without its loops."""

    def __init__(self, database: Database, homeserver: Any, flow: Flow | None = None) -> None:
        self.database = database
        self.queues = Queues.of(CIPHER, OPERATOR)
        self.worker = Worker(database, self.queues, flow or BookingFlow(), BOT, lambda: None)
        self.delivery = Delivery(homeserver, database, self.queues, lambda: None)

    async def receive(self, arrivals: Sequence[Arrival], next_batch: str = "s1") -> None:
        await self.database.transaction(lambda c: self.queues.inbox.store(c, arrivals, next_batch, NOW))

    async def drain(self) -> None:
        outbox = self.queues.outbox
        while await self.worker.handle_some():
            pass
        for room_id in await self.database.transaction(outbox.rooms):
            while task := await self.database.transaction(lambda c, r=room_id: outbox.next_task(c, r)):  # type: ignore[misc]  # binds the loop variable
                await self.delivery.do(task)

    async def dead(self) -> list[DeadLetter]:
        return await self.database.transaction(self.queues.dead_letters.all)


def open_database(path: Path) -> Database:
    engine = open_engine(path)
    bookings.create(engine, checkfirst=True)
    return Database(engine)


async def commits_of_one_life(path: Path) -> int:
    database = CrashingDatabase(path, crash_at=0, is_stored=True)
    await live(database, Homeserver())
    database.close()
    return database.commits


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("empty") / "bot.db"
    open_database(path).close()
    return path.read_bytes()


@pytest.mark.parametrize("is_stored", [True, False], ids=["after the commit", "before the commit"])
async def test_a_crash_at_any_step_neither_loses_nor_repeats(
    tmp_path: Path, empty_database: bytes, *, is_stored: bool
) -> None:
    steps = await commits_of_one_life(tmp_path / "whole.db")
    assert steps > 20
    for step in range(1, steps + 1):
        path, homeserver = tmp_path / f"{step}.db", Homeserver()
        await asyncio.to_thread(path.write_bytes, empty_database)
        dying = CrashingDatabase(path, step, is_stored=is_stored)
        with pytest.raises(Crash):
            await live(dying, homeserver)
        dying.close()
        database = open_database(path)
        await live(database, homeserver)
        assert homeserver.shown() == EXPECTED, f"crash at step {step}"
        booked = await database.transaction(lambda c: sorted(c.scalars(select(bookings.c.text))))
        assert booked == ["file", "four", "one", "three"], f"crash at step {step}"
        database.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSES", (timedelta(0), timedelta(0)))


@pytest.mark.usefixtures("impatient")
async def test_a_failing_flow_leaves_nothing_but_an_apology_and_a_dead_letter(tmp_path: Path) -> None:
    homeserver = Homeserver()
    bench = Bench(open_database(tmp_path / "bot.db"), homeserver)
    await bench.receive([said(1, "raise"), said(2, "two")])
    await bench.drain()
    apology, answer = homeserver.shown()["!a:a.test"]
    assert apology.startswith("Es tut mir leid")
    assert answer == "two"
    (letter,) = await bench.dead()
    assert (letter.name, letter.what, letter.attempts, letter.error) == ("in-1", "message", 3, "RuntimeError")
    (told,) = homeserver.shown()[OPERATOR]
    assert "in-1" in told
    assert "raise" not in told
    inbox = bench.queues.inbox
    (kept,) = await bench.database.transaction(lambda c: inbox.in_state(c, [State.FAILED], Kind.MESSAGE))
    assert kept.content["text"] == "raise"
    bench.database.close()


async def test_a_message_that_fails_holds_up_its_room_only_until_it_succeeds(tmp_path: Path) -> None:
    homeserver, flow = Homeserver(), BookingFlow()
    bench = Bench(open_database(tmp_path / "bot.db"), homeserver, flow)
    await bench.receive([said(1, "raise"), said(2, "two"), said(3, "three", "!b:a.test")])
    await bench.drain()
    assert homeserver.shown() == {"!b:a.test": ["three"]}
    assert await bench.dead() == []
    flow.is_broken = False
    await bench.database.transaction(lambda c: c.execute(text("UPDATE inbox SET not_before_ms = 1")))
    await bench.drain()
    assert homeserver.shown() == {"!b:a.test": ["three"], "!a:a.test": ["raise", "two"]}
    bench.database.close()


@pytest.mark.usefixtures("impatient")
async def test_a_dead_letter_gets_its_answer_when_the_fault_is_mended(tmp_path: Path) -> None:
    homeserver, flow = Homeserver(), BookingFlow()
    bench = Bench(open_database(tmp_path / "bot.db"), homeserver, flow)
    await bench.receive([said(1, "raise")])
    await bench.drain()
    flow.is_broken = False
    await bench.database.transaction(lambda c: bench.queues.dead_letters.retry(c, "in-1"))
    await bench.drain()
    assert homeserver.shown()["!a:a.test"][1:] == ["raise"]
    assert await bench.dead() == []
    bench.database.close()


async def test_what_was_to_be_said_in_a_room_that_was_left_is_forgotten(tmp_path: Path) -> None:
    homeserver = Homeserver()
    bench = Bench(open_database(tmp_path / "bot.db"), homeserver)
    waiting = Arrival("$x", "!a:a.test", Kind.MESSAGE, State.WAITING_FOR_KEYS, {})
    await bench.receive([said(1, "one"), waiting, Arrival("left", "!a:a.test", Kind.LEFT, State.READY, {})])
    await bench.drain()
    assert homeserver.shown() == {}
    assert await bench.database.transaction(lambda c: bench.queues.inbox.count(c, UNREADABLE)) == 0
    bench.database.close()


def list_files(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_a_handled_message_leaves_no_text_on_the_disk(tmp_path: Path) -> None:
    database = open_database(tmp_path / "bot.db")
    await live(database, Homeserver())
    inbox = Inbox(CIPHER)
    assert await database.transaction(lambda c: inbox.in_state(c, [State.READY], Kind.MESSAGE)) == []
    database.close()
    assert not any(b"@anna" in file.read_bytes() for file in list_files(tmp_path))


async def test_a_message_waits_for_the_invite_of_its_room(tmp_path: Path) -> None:
    database, inbox = open_database(tmp_path / "bot.db"), Inbox(CIPHER)
    invite = Arrival("$invite", "!a:a.test", Kind.INVITE, State.READY, {"sender": "@anna:a.test"})
    arrivals = [invite, said(1, "one"), said(3, "three", "!b:a.test")]
    await database.transaction(lambda c: inbox.store(c, arrivals, "s1", NOW))
    entry = await database.transaction(lambda c: inbox.next_message(c, NOW))
    assert entry is not None
    assert entry.event_id == "$event-3"
    database.close()


async def test_what_failed_and_waits_for_an_invite_does_not_keep_the_worker_busy(tmp_path: Path) -> None:
    bench = Bench(open_database(tmp_path / "bot.db"), Homeserver())
    await bench.receive([said(1, "raise")])
    assert await bench.worker.handle_some() == 1
    assert 0 < await bench.worker._seconds_until_next() <= worker.PAUSES[0].total_seconds()
    await bench.database.transaction(lambda c: c.execute(text("UPDATE inbox SET not_before_ms = 1")))
    await bench.receive([Arrival("$invite", "!a:a.test", Kind.INVITE, State.READY, {"sender": "@anna:a.test"})])
    assert await bench.worker.handle_some() == 0
    assert await bench.worker._seconds_until_next() == worker._LONGEST_SLEEP
    bench.database.close()


async def test_plain_text_is_refused_once_per_room(tmp_path: Path) -> None:
    homeserver = Homeserver()
    bench = Bench(open_database(tmp_path / "bot.db"), homeserver)
    await bench.receive([Arrival(f"$p{n}", "!a:a.test", Kind.NOT_ENCRYPTED, State.READY, {}) for n in range(3)])
    await bench.drain()
    (refusal,) = homeserver.shown()["!a:a.test"]
    assert "nicht verschlüsselt" in refusal
    bench.database.close()


async def test_an_invite_that_comes_twice_is_one_until_it_is_dealt_with(tmp_path: Path) -> None:
    database, inbox = open_database(tmp_path / "bot.db"), Inbox(CIPHER)

    def invite(event_id: str) -> Arrival:
        return Arrival(event_id, "!a:a.test", Kind.INVITE, State.READY, {"sender": "@anna:a.test"})

    async def open_invites() -> list[Entry]:
        return await database.transaction(lambda c: inbox.in_state(c, [State.READY], Kind.INVITE))

    for event_id in ("invite s1", "invite s2"):
        await database.transaction(lambda c, i=event_id: inbox.store(c, [invite(i)], i, NOW))  # type: ignore[misc]  # binds the loop variable
    (entry,) = await open_invites()
    await database.transaction(lambda c: inbox.finish(c, entry.id))
    await database.transaction(lambda c: inbox.store(c, [invite("invite s3")], "s3", NOW))
    assert len(await open_invites()) == 1
    database.close()
