"""The outbox is emptied room by room; a broken room holds up nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from tim_bots import sender
from tim_bots.cipher import Cipher
from tim_bots.database import Database, open_engine
from tim_bots.flow import InviteUser, Outgoing, SendEvent, SendText
from tim_bots.health import Health
from tim_bots.inbox import Inbox
from tim_bots.matrix_http import RequestFailed, TokenRevoked
from tim_bots.outbox import Outbox
from tim_bots.sender import Sender

BROKEN, GOOD = "!broken:a.test", "!good:a.test"


class Homeserver:
    """Stands in for the client; sends to BROKEN end as the test says."""

    def __init__(self, fault: BaseException | None) -> None:
        self.rooms = {room_id: SimpleNamespace(encrypted=True) for room_id in (BROKEN, GOOD)}
        self.access_token = "token"
        self.fault = fault
        self.sent: list[str] = []
        self.has_sent = asyncio.Condition()

    async def room_send(self, room_id: str, event_type: str, content: dict[str, Any], **_: Any) -> Any:
        del event_type
        if room_id == BROKEN and self.fault is not None:
            raise self.fault
        async with self.has_sent:
            self.sent.append(content["body"])
            self.has_sent.notify_all()
        return SimpleNamespace(event_id="$sent")

    async def send(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(status=200)

    async def parse_body(self, _response: Any) -> dict[str, Any]:
        return {"joined_rooms": [GOOD]}

    async def wait_until_sent(self, text: str) -> None:
        async with asyncio.timeout(5), self.has_sent:
            await self.has_sent.wait_for(lambda: text in self.sent)


class Bench:
    """A sender at work on a database of its own."""

    def __init__(self, path: Path, homeserver: Any) -> None:
        self.database = Database(open_engine(path))
        cipher = Cipher(b"k" * 32)
        self.inbox, self.outbox = Inbox(cipher), Outbox(cipher)
        self.health = Health()
        self.sender = Sender(homeserver, self.database, self.outbox, self.health, inbox=self.inbox, notify=lambda: None)
        self._numbers = iter(range(1000))

    async def put(self, room_id: str, text: str) -> None:
        event_id = f"$event-{next(self._numbers)}"
        await self.database.transaction(lambda c: self.outbox.answer(c, room_id, event_id, [SendText(text)]))
        self.sender.wake()

    async def waiting(self) -> int:
        return await self.database.transaction(self.outbox.count)


@asynccontextmanager
async def at_work(path: Path, homeserver: Homeserver) -> AsyncIterator[Bench]:
    bench = Bench(path, homeserver)
    running = asyncio.create_task(bench.sender.run())
    try:
        yield bench
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        bench.database.close()


async def test_a_broken_room_holds_up_nobody_and_keeps_its_order(tmp_path: Path) -> None:
    homeserver = Homeserver(OSError())
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        for text in ("broken 1", "broken 2"):
            await bench.put(BROKEN, text)
        await bench.put(GOOD, "good")
        await homeserver.wait_until_sent("good")
        assert homeserver.sent == ["good"]
        assert bench.health.retrying
        homeserver.fault = None
        await homeserver.wait_until_sent("broken 2")
        assert homeserver.sent == ["good", "broken 1", "broken 2"]


async def test_a_room_whose_encryption_is_not_known_gets_nothing(tmp_path: Path) -> None:
    homeserver = Homeserver(None)
    homeserver.rooms[BROKEN].encrypted = False
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        await bench.put(BROKEN, "secret")
        await bench.put(GOOD, "good")
        await homeserver.wait_until_sent("good")
        assert homeserver.sent == ["good"]
        assert await bench.waiting() == 1
        homeserver.rooms[BROKEN].encrypted = True
        await homeserver.wait_until_sent("secret")


@pytest.mark.parametrize("is_member", [True, False])
async def test_what_is_refused_for_good_is_dropped(tmp_path: Path, *, is_member: bool) -> None:
    homeserver = Homeserver(RequestFailed(403, "M_FORBIDDEN"))
    if not is_member:
        del homeserver.rooms[BROKEN]
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        await bench.put(BROKEN, "to nobody")
        async with asyncio.timeout(5):
            while await bench.waiting():
                await asyncio.sleep(0)
        await bench.put(GOOD, "good")
        await homeserver.wait_until_sent("good")


async def test_a_revoked_token_stops_the_sender_and_keeps_the_answer(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bot.db", Homeserver(TokenRevoked()))
    await bench.put(BROKEN, "later")
    with pytest.raises(ExceptionGroup) as caught:
        await bench.sender.run()
    assert caught.group_contains(TokenRevoked)
    assert await bench.waiting() == 1
    bench.database.close()


async def test_a_database_that_is_locked_for_a_moment_holds_up_nothing_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "_LONGEST_PAUSE", 0.05)
    homeserver = Homeserver(None)
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        locked = OperationalError("SELECT", {}, Exception("database is locked"))
        rooms, faults = bench.outbox.rooms, iter([locked, locked])

        def rooms_later(connection: Connection) -> list[str]:
            for fault in faults:
                raise fault
            return rooms(connection)

        monkeypatch.setattr(bench.outbox, "rooms", rooms_later)
        await bench.put(GOOD, "after all")
        await homeserver.wait_until_sent("after all")


class Recorder(Homeserver):
    """Keeps whole events, and answers invites as told."""

    def __init__(self, invite: tuple[int, dict[str, Any]] = (200, {})) -> None:
        super().__init__(None)
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._invite = invite

    async def room_send(self, room_id: str, event_type: str, content: dict[str, Any], **_: Any) -> Any:
        del room_id
        async with self.has_sent:
            self.events.append((event_type, content))
            self.sent.append(content.get("body", event_type))
            self.has_sent.notify_all()
        return SimpleNamespace(event_id=f"$sent-{len(self.events)}")

    async def send(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(status=self._invite[0])

    async def parse_body(self, _response: Any) -> dict[str, Any]:
        return self._invite[1]


async def test_a_status_card_is_edited_in_place_and_a_poll_is_ended(tmp_path: Path) -> None:
    homeserver = Recorder()
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        answers: list[Outgoing] = [
            SendText("requested", label="card", edits=True),
            SendText("booked", label="card", edits=True, is_notice=True),
            SendEvent("poll.start", {"question": "?"}, label="poll"),
            SendEvent("poll.end", {}, about="poll"),
            SendEvent("poll.end", {}, about="never sent"),
            SendText("last"),
        ]
        await bench.database.transaction(lambda c: bench.outbox.answer(c, GOOD, "$e", answers))
        bench.sender.wake()
        await homeserver.wait_until_sent("last")
        fresh = {"msgtype": "m.notice", "body": "booked"}
        assert homeserver.events == [
            ("m.room.message", {"msgtype": "m.text", "body": "requested"}),
            (
                "m.room.message",
                {
                    "msgtype": "m.notice",
                    "body": "* booked",
                    "m.new_content": fresh,
                    "m.relates_to": {"rel_type": "m.replace", "event_id": "$sent-1"},
                },
            ),
            ("poll.start", {"question": "?"}),
            ("poll.end", {"m.relates_to": {"rel_type": "m.reference", "event_id": "$sent-3"}}),
            ("m.room.message", {"msgtype": "m.text", "body": "last"}),
        ]
        assert await bench.database.transaction(lambda c: bench.outbox.label_of(c, GOOD, "$sent-3")) == "poll"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {}), ""),
        ((403, {"errcode": "M_FORBIDDEN"}), "M_FORBIDDEN"),
        ((404, {}), "M_UNKNOWN"),
    ],
)
async def test_what_became_of_an_invite_comes_into_the_inbox(
    tmp_path: Path, answer: tuple[int, dict[str, Any]], expected: str
) -> None:
    homeserver = Recorder(answer)
    for room in homeserver.rooms.values():
        room.users = {}
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        answers: list[Outgoing] = [InviteUser("@doc:a.test"), SendText("last")]
        await bench.database.transaction(lambda c: bench.outbox.answer(c, GOOD, "$e", answers))
        bench.sender.wake()
        await homeserver.wait_until_sent("last")
        entry = await bench.database.transaction(bench.inbox.next_message)
        assert entry is not None
        assert entry.content == {"sender": "@doc:a.test", "kind": "invite_result", "text": expected}


async def test_answers_stay_in_the_thread_of_the_question(tmp_path: Path) -> None:
    homeserver = Recorder()
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        answers = [SendText("here"), SendText("to the staff", room_id=BROKEN)]
        await bench.database.transaction(lambda c: bench.outbox.answer(c, GOOD, "$e", answers, "$root"))
        bench.sender.wake()
        await homeserver.wait_until_sent("here")
        await homeserver.wait_until_sent("to the staff")
        relations = {content["body"]: content.get("m.relates_to") for _, content in homeserver.events}
        in_thread = {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": True}
        assert relations["here"] == in_thread | {"m.in_reply_to": {"event_id": "$e"}}
        assert relations["to the staff"] is None
