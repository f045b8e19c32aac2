"""Inbox, worker, outbox: whenever the process dies, each message is answered once, in order."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from sqlalchemy import Column, Connection, Integer, String, Table, insert, select

from tim_bots.cipher import Cipher
from tim_bots.database import Database, metadata, open_engine
from tim_bots.flow import Incoming, Outgoing, SendFile, SendText
from tim_bots.guard import GuardedClient
from tim_bots.health import Health
from tim_bots.inbox import Arrival, Entry, Inbox, Kind, State
from tim_bots.outbox import Outbox
from tim_bots.sender import Sender
from tim_bots.worker import Worker

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CIPHER = Cipher(os.urandom(32))

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

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        if message.text == "raise":
            raise RuntimeError(message.text)
        connection.execute(insert(bookings).values(text=message.text))
        answers: list[Outgoing] = [SendText(message.text)]
        return [*answers, SendFile("termin.ics", "text/calendar", b"ics")] if message.text == "file" else answers


class Crash(BaseException):
    """The process is gone."""


class CrashingDatabase(Database):
    """Dies at the n-th commit: right before it (nothing was stored) or right after it (everything was)."""

    def __init__(self, path: Path, crash_at: int, *, is_stored: bool) -> None:
        super().__init__(open_engine(path))
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
        self.rooms = {room_id: SimpleNamespace(encrypted=True) for room_id in EXPECTED}
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
    inbox, outbox = Inbox(CIPHER), Outbox(CIPHER)
    worker = Worker(database, inbox, outbox, BookingFlow(), lambda: None)
    sender = new_sender(homeserver, database, inbox, outbox)
    while True:
        position = await database.transaction(inbox.position)
        await drain(database, worker, sender, outbox)
        missed = SYNCS[[None, "s1", "s2"].index(position) :]
        if not missed:
            return
        next_batch, arrivals = missed[0]
        await database.transaction(lambda c, a=arrivals, n=next_batch: inbox.store(c, a, n, NOW))  # type: ignore[misc]  # binds the loop variables


def new_sender(homeserver: Any, database: Database, inbox: Inbox, outbox: Outbox) -> Sender:
    return Sender(homeserver, database, outbox, Health(), inbox=inbox, notify=lambda: None)


async def drain(database: Database, worker: Worker, sender: Sender, outbox: Outbox) -> None:
    while await worker.handle_one():
        pass
    for room_id in await database.transaction(outbox.rooms):
        while task := await database.transaction(lambda c, r=room_id: outbox.next_task(c, r)):  # type: ignore[misc]  # binds the loop variable
            await sender.do(task)


async def commits_of_one_life(path: Path) -> int:
    database = CrashingDatabase(path, crash_at=0, is_stored=True)
    await live(database, Homeserver())
    database.close()
    return database.commits


@pytest.mark.parametrize("is_stored", [True, False], ids=["after the commit", "before the commit"])
async def test_a_crash_at_any_step_neither_loses_nor_repeats(tmp_path: Path, *, is_stored: bool) -> None:
    steps = await commits_of_one_life(tmp_path / "whole.db")
    assert steps > 20
    for step in range(1, steps + 1):
        path, homeserver = tmp_path / f"{step}.db", Homeserver()
        dying = CrashingDatabase(path, step, is_stored=is_stored)
        with pytest.raises(Crash):
            await live(dying, homeserver)
        dying.close()
        database = Database(open_engine(path))
        await live(database, homeserver)
        assert homeserver.shown() == EXPECTED, f"crash at step {step}"
        booked = await database.transaction(lambda c: sorted(c.scalars(select(bookings.c.text))))
        assert booked == ["file", "four", "one", "three"], f"crash at step {step}"
        database.close()


async def test_a_failing_flow_leaves_nothing_but_an_apology_and_the_message(tmp_path: Path) -> None:
    database, homeserver = Database(open_engine(tmp_path / "bot.db")), Homeserver()
    inbox, outbox = Inbox(CIPHER), Outbox(CIPHER)
    worker = Worker(database, inbox, outbox, BookingFlow(), lambda: None)
    arrivals = [said(1, "raise"), said(2, "two")]
    await database.transaction(lambda c: inbox.store(c, arrivals, "s1", NOW))
    await drain(database, worker, new_sender(as_client(homeserver), database, inbox, outbox), outbox)
    apology, answer = homeserver.shown()["!a:a.test"]
    assert apology.startswith("Es tut mir leid")
    assert answer == "two"
    assert await database.transaction(lambda c: inbox.count(c, [State.FAILED])) == 1
    (kept,) = await database.transaction(lambda c: inbox.in_state(c, State.FAILED, Kind.MESSAGE))
    assert kept.content["text"] == "raise"
    database.close()


def as_client(homeserver: Homeserver) -> GuardedClient:
    return homeserver  # type: ignore[return-value]  # stands in for it, see the class


def list_files(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_a_handled_message_leaves_no_text_on_the_disk(tmp_path: Path) -> None:
    database = Database(open_engine(tmp_path / "bot.db"))
    await live(database, Homeserver())
    inbox = Inbox(CIPHER)
    assert await database.transaction(lambda c: inbox.in_state(c, State.READY, Kind.MESSAGE)) == []
    database.close()
    assert not any(b"@anna" in file.read_bytes() for file in list_files(tmp_path))


async def test_a_message_waits_for_the_invite_of_its_room(tmp_path: Path) -> None:
    database, inbox = Database(open_engine(tmp_path / "bot.db")), Inbox(CIPHER)
    invite = Arrival("$invite", "!a:a.test", Kind.INVITE, State.READY, {"sender": "@anna:a.test"})
    arrivals = [invite, said(1, "one"), said(3, "three", "!b:a.test")]
    await database.transaction(lambda c: inbox.store(c, arrivals, "s1", NOW))
    entry = await database.transaction(inbox.next_message)
    assert entry is not None
    assert entry.event_id == "$event-3"
    database.close()


async def test_plain_text_is_refused_once_per_room(tmp_path: Path) -> None:
    database, homeserver = Database(open_engine(tmp_path / "bot.db")), Homeserver()
    inbox, outbox = Inbox(CIPHER), Outbox(CIPHER)
    worker = Worker(database, inbox, outbox, BookingFlow(), lambda: None)
    arrivals = [Arrival(f"$p{n}", "!a:a.test", Kind.NOT_ENCRYPTED, State.READY, {}) for n in range(3)]
    await database.transaction(lambda c: inbox.store(c, arrivals, "s1", NOW))
    await drain(database, worker, new_sender(as_client(homeserver), database, inbox, outbox), outbox)
    (text,) = homeserver.shown()["!a:a.test"]
    assert "nicht verschlüsselt" in text
    database.close()


async def test_an_invite_that_comes_twice_is_one_until_it_is_dealt_with(tmp_path: Path) -> None:
    database, inbox = Database(open_engine(tmp_path / "bot.db")), Inbox(CIPHER)

    def invite(event_id: str) -> Arrival:
        return Arrival(event_id, "!a:a.test", Kind.INVITE, State.READY, {"sender": "@anna:a.test"})

    async def open_invites() -> list[Entry]:
        return await database.transaction(lambda c: inbox.in_state(c, State.READY, Kind.INVITE))

    for event_id in ("invite s1", "invite s2"):
        await database.transaction(lambda c, i=event_id: inbox.store(c, [invite(i)], i, NOW))  # type: ignore[misc]  # binds the loop variable
    (entry,) = await open_invites()
    await database.transaction(lambda c: inbox.finish(c, entry.id))
    await database.transaction(lambda c: inbox.store(c, [invite("invite s3")], "s3", NOW))
    assert len(await open_invites()) == 1
    database.close()
