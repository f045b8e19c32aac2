"""The outbox is emptied room by room; a broken room holds up nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from tim_bots import sender
from tim_bots.cipher import Cipher
from tim_bots.database import Database, open_engine
from tim_bots.dead_letters import NoSuchLetter
from tim_bots.delivery import Delivery
from tim_bots.flow import InviteUser, SendEvent, SendText
from tim_bots.health import Health
from tim_bots.inbox import DeadLetter
from tim_bots.lease import LeaseLost
from tim_bots.matrix_http import RequestFailed, TokenRevoked
from tim_bots.outbox import Sendable
from tim_bots.queues import Queues
from tim_bots.sender import Sender

BROKEN, GOOD, OPERATOR = "!broken:a.test", "!good:a.test", "!operator:a.test"


class Homeserver:
    """Stands in for the client; sends to BROKEN end as the test says."""

    def __init__(self, fault: BaseException | None) -> None:
        self.rooms = {room_id: SimpleNamespace(encrypted=True) for room_id in (BROKEN, GOOD, OPERATOR)}
        self.access_token = "token"
        self.fault = fault
        self.refusals = 0
        self.sent: list[str] = []
        self.transactions: set[str] = set()
        self.has_sent = asyncio.Condition()

    async def room_send(self, room_id: str, event_type: str, content: dict[str, Any], **options: Any) -> Any:
        del event_type
        if room_id == BROKEN and self.fault is not None:
            self.refusals += 1
            raise self.fault
        async with self.has_sent:
            self.transactions.add(options["tx_id"])
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
        self.queues = Queues.of(Cipher(b"k" * 32), OPERATOR)
        self.inbox, self.outbox = self.queues.inbox, self.queues.outbox
        self.health = Health(last_sync_at=datetime.now(UTC))
        self.delivery = Delivery(homeserver, self.database, self.queues, lambda: None)
        self.sender = Sender(self.database, self.queues, self.delivery, self.health)
        self._numbers = iter(range(1000))

    async def put(self, room_id: str, text: str) -> None:
        event_id = f"$event-{next(self._numbers)}"
        await self.database.transaction(lambda c: self.outbox.answer(c, room_id, event_id, [SendText(text)]))
        self.sender.wake()

    async def waiting(self) -> int:
        return await self.database.transaction(self.outbox.count)

    async def until_empty(self) -> None:
        async with asyncio.timeout(10):
            while await self.waiting():
                await asyncio.sleep(0.001)

    async def dead(self) -> list[DeadLetter]:
        return await self.database.transaction(self.queues.dead_letters.all)


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


async def test_what_is_for_a_room_that_was_left_is_dropped(tmp_path: Path) -> None:
    homeserver = Homeserver(None)
    del homeserver.rooms[BROKEN]
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        await bench.put(BROKEN, "to nobody")
        await bench.until_empty()
        assert await bench.dead() == []
        assert homeserver.sent == []


async def test_what_is_refused_for_good_is_a_dead_letter_and_told_to_the_operator(tmp_path: Path) -> None:
    homeserver = Homeserver(RequestFailed(403, "M_FORBIDDEN"))
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        await bench.put(BROKEN, "Kanarienvogel")
        await bench.until_empty()
        (letter,) = await bench.dead()
        assert (letter.name, letter.what, letter.attempts, letter.error) == (
            "out-1",
            "send_encrypted",
            1,
            "M_FORBIDDEN",
        )
        (told,) = homeserver.sent
        assert "out-1" in told
        assert "Kanarienvogel" not in told
        assert BROKEN not in told


async def test_what_the_staff_was_to_be_told_is_not_dropped_when_the_bot_is_not_in_their_room(tmp_path: Path) -> None:
    """The person was told that the staff knows."""
    homeserver = Homeserver(None)
    del homeserver.rooms[BROKEN]
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        answers = [SendText("somebody waits", room_id=BROKEN)]
        await bench.database.transaction(lambda c: bench.queues.outbox.answer(c, GOOD, "$e", answers))
        bench.sender.wake()
        await bench.until_empty()
        (letter,) = await bench.dead()
        assert letter.error == "NotAMember"


async def test_a_dead_letter_that_dies_again_is_told_again(tmp_path: Path) -> None:
    homeserver = Homeserver(RequestFailed(403, "M_FORBIDDEN"))
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        await bench.put(BROKEN, "x")
        await bench.until_empty()
        await bench.database.transaction(lambda c: bench.queues.dead_letters.retry(c, "out-1"))
        bench.sender.wake()
        await bench.until_empty()
        assert len(homeserver.sent) == len(homeserver.transactions) == 2


async def test_a_dead_letter_is_sent_after_all_when_the_operator_says_so(tmp_path: Path) -> None:
    homeserver = Homeserver(RequestFailed(403, "M_FORBIDDEN"))
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        for text in ("first", "second"):
            await bench.put(BROKEN, text)
        await bench.until_empty()
        homeserver.fault = None
        await bench.database.transaction(lambda c: bench.queues.dead_letters.retry(c, "out-1"))
        await bench.database.transaction(lambda c: bench.queues.dead_letters.drop(c, "out-2"))
        with pytest.raises(NoSuchLetter):
            await bench.database.transaction(lambda c: bench.queues.dead_letters.retry(c, "out-2"))
        bench.sender.wake()
        await homeserver.wait_until_sent("first")
        assert await bench.dead() == []


@pytest.mark.parametrize("is_up", [True, False])
async def test_a_step_that_fails_while_others_work_is_given_up_but_an_outage_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_up: bool
) -> None:
    monkeypatch.setattr(sender, "delays", lambda **_: iter([0.001] * 50))
    homeserver = Homeserver(RequestFailed(500, "M_UNKNOWN"))
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        if not is_up:
            bench.health.last_sync_at = None
        await bench.put(BROKEN, "poison")
        async with asyncio.timeout(10):
            while homeserver.refusals < sender.ATTEMPTS + 3 * (not is_up):
                await asyncio.sleep(0.01)
        if is_up:
            await bench.until_empty()
        assert len(await bench.dead()) == is_up


async def test_a_throttled_room_waits_as_long_as_the_homeserver_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homeserver = Homeserver(RequestFailed(429, "M_LIMIT_EXCEEDED", retry_after=7.0))
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        if seconds:
            pauses.append(seconds)
            homeserver.fault = None
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", record)
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        await bench.put(BROKEN, "later")
        await homeserver.wait_until_sent("later")
        assert pauses == [7.0]
        assert await bench.dead() == []


async def test_a_process_that_lost_the_account_sends_nothing(tmp_path: Path) -> None:
    def lost() -> None:
        raise LeaseLost

    homeserver = Homeserver(None)
    bench = Bench(tmp_path / "bot.db", homeserver)
    bench.sender = Sender(bench.database, bench.queues, bench.delivery, bench.health, lost)
    await bench.put(GOOD, "by the successor")
    with pytest.raises(ExceptionGroup) as caught:
        await bench.sender.run()
    assert caught.group_contains(LeaseLost)
    assert homeserver.sent == []
    assert await bench.waiting() == 1
    bench.database.close()


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
        answers: list[Sendable] = [
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
        answers: list[Sendable] = [InviteUser("@doc:a.test"), SendText("last")]
        await bench.database.transaction(lambda c: bench.outbox.answer(c, GOOD, "$e", answers))
        bench.sender.wake()
        await homeserver.wait_until_sent("last")
        entry = await bench.database.transaction(lambda c: bench.inbox.next_message(c, datetime.now(UTC)))
        assert entry is not None
        assert entry.content == {"sender": "@doc:a.test", "kind": "invite_result", "text": expected}


async def test_an_answer_to_a_thread_is_a_reply(tmp_path: Path) -> None:
    homeserver = Recorder()
    async with at_work(tmp_path / "bot.db", homeserver) as bench:
        answers = [SendText("here"), SendText("to the staff", room_id=BROKEN)]
        await bench.database.transaction(lambda c: bench.outbox.answer(c, GOOD, "$e", answers, is_reply=True))
        bench.sender.wake()
        await homeserver.wait_until_sent("here")
        await homeserver.wait_until_sent("to the staff")
        relations = {content["body"]: content.get("m.relates_to") for _, content in homeserver.events}
        assert relations["here"] == {"m.in_reply_to": {"event_id": "$e"}}
        assert relations["to the staff"] is None
