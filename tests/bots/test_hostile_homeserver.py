"""A homeserver that lies, repeats itself, breaks down and floods: nothing is lost, doubled or stopped by it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tim_bots import backfill, sync_loop
from tim_bots.cipher import Cipher
from tim_bots.database import Database, open_engine
from tim_bots.guard import AnswerTooLarge, GuardedClient, open_crypto_store
from tim_bots.guard import client as client_module
from tim_bots.health import Health
from tim_bots.inbox import UNREADABLE, Kind, State
from tim_bots.matrix_http import RequestFailed, TokenRevoked
from tim_bots.queues import Queues
from tim_bots.sync_loop import SyncLoop

BOT, ANNA, ROOM = "@bot:a.test", "@anna:a.test", "!room:a.test"
ENCRYPTION = {
    "type": "m.room.encryption",
    "state_key": "",
    "sender": ANNA,
    "event_id": "$encryption",
    "origin_server_ts": 1,
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def said(event_id: str, **more: Any) -> dict[str, Any]:
    """A message in the clear, which the inbox takes as NOT_ENCRYPTED."""
    content = {"msgtype": "m.text", "body": "x"}
    base = {"type": "m.room.message", "sender": ANNA, "event_id": event_id, "origin_server_ts": 1, "content": content}
    return base | more


def sync(next_batch: Any, *events: Any, limited: bool = False, prev_batch: str = "p", **more: Any) -> dict[str, Any]:
    timeline = {"events": list(events), "limited": limited, "prev_batch": prev_batch}
    room = {"timeline": timeline, "state": {"events": [ENCRYPTION]}}
    return {"next_batch": next_batch, "rooms": {"join": {ROOM: room}}} | more


def answer(body: Any, status: int = 200, content_type: str = "application/json") -> Answer:
    async def respond(_request: web.Request) -> web.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(body=raw, status=status, content_type=content_type)

    return respond


@dataclass
class Homeserver:
    """Answers syncs and `/messages` as the test says, everything else with {}."""

    syncs: list[Answer] = field(default_factory=list)
    pages: Callable[[int], Any] = lambda _number: {}
    sync_queries: list[dict[str, str]] = field(default_factory=list)
    page_queries: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/sync"):
            self.sync_queries.append(dict(request.query))
            return await self.syncs.pop(0)(request)
        if request.path.endswith("/messages"):
            self.page_queries.append(dict(request.query))
            return web.json_response(self.pages(len(self.page_queries)))
        if request.path.endswith("/keys/upload"):
            return web.json_response({"one_time_key_counts": {"signed_curve25519": 50}})
        return web.json_response({})


@dataclass
class Bench:
    """A sync loop in front of it."""

    homeserver: Homeserver
    loop: SyncLoop
    client: GuardedClient
    database: Database
    queues: Queues

    async def syncs(self, *answers: Answer) -> None:
        self.homeserver.syncs += answers
        for _ in answers:
            await self.loop.sync_once()

    async def begin(self) -> None:
        """The first sync of the device, which takes no messages."""
        await self.syncs(answer(sync("s0")))

    async def stored(self) -> list[str]:
        entries = await self.database.transaction(
            lambda c: self.queues.inbox.in_state(c, [State.READY, *UNREADABLE], *Kind)
        )
        return [entry.event_id for entry in entries]

    async def position(self) -> str | None:
        return await self.database.transaction(self.queues.inbox.position)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    homeserver = Homeserver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", homeserver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    client = GuardedClient(f"http://127.0.0.1:{port}", BOT, open_crypto_store(None), "pickle")
    client.restore_login(BOT, "DEVICE", "token")
    database, queues = Database(open_engine(tmp_path / "bot.db")), Queues.of(Cipher(b"k" * 32))
    loop = SyncLoop(client=client, database=database, queues=queues, health=Health(), notify=lambda: None)
    yield Bench(homeserver, loop, client, database, queues)
    await client.close()
    await runner.cleanup()
    database.close()


async def test_what_is_sent_again_is_stored_once(bench: Bench) -> None:
    await bench.begin()
    replay = sync("s1", said("$1"), said("$2"), said("$1"))
    await bench.syncs(answer(replay), answer(replay), answer(sync("s2", said("$2"), said("$3"))))
    assert await bench.stored() == ["$1", "$2", "$3"]


async def test_a_position_that_goes_back_is_followed_and_repeats_nothing(bench: Bench) -> None:
    await bench.begin()
    await bench.syncs(answer(sync("s9", said("$1"))), answer(sync("s1", said("$1"))), answer(sync("s2", said("$2"))))
    assert await bench.stored() == ["$1", "$2"]
    assert [query.get("since") for query in bench.homeserver.sync_queries] == [None, "s0", "s9", "s1"]


async def silence(_request: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"next_batch": "s7"')
    assert request.transport
    request.transport.abort()
    return response


BROKEN: dict[str, Answer] = {
    "502 of a proxy": answer(b"<html>Bad Gateway</html>", 502, "text/html"),
    "500": answer({"errcode": "M_UNKNOWN"}, 500),
    "429": answer({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 5}, 429),
    "429 without sense": answer({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": "soon"}, 429),
    "no JSON": answer(b"<html>hello</html>"),
    "half of a JSON": answer(b'{"next_batch": "s7", "rooms": {'),
    "no UTF-8": answer(b'{"next_batch": "\xff\xfe"}'),
    "nested too deep": answer(b"[" * 200_000),
    "a list": answer([]),
    "an empty body": answer(b""),
    "no position": answer({"rooms": {}}),
    "a position that is no text": answer({"next_batch": {"a": 1}}),
    "rooms that are a list": answer({"next_batch": "s7", "rooms": []}),
    "a timeline that is a number": answer({"next_batch": "s7", "rooms": {"join": {ROOM: {"timeline": 5}}}}),
    "silence": silence,
    "the connection cut": cut_off,
    "too large": answer(b'{"next_batch": "s7", "x": "' + b"x" * 200_000 + b'"}'),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_after_a_broken_answer_nothing_is_missing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sync_loop, "_LONGEST_SYNC_SECONDS", 0.5)
    monkeypatch.setattr(client_module, "LONGEST_ANSWER", 100_000)
    monkeypatch.setattr(sync_loop, "delays", lambda: iter([0.001] * 100))
    await bench.begin()
    bench.homeserver.syncs += [BROKEN[name], BROKEN[name], answer(sync("s1", said("$1"))), answer(sync("s2"))]
    running = asyncio.create_task(bench.loop.run())
    try:
        async with asyncio.timeout(20):
            while await bench.position() != "s2":
                assert not running.done()
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert await bench.stored() == ["$1"]
    since = [query.get("since") for query in bench.homeserver.sync_queries[1:]]
    assert since[:3] == ["s0", "s0", "s0"], "a broken answer moved the position"


async def test_a_revoked_token_ends_the_loop(bench: Bench) -> None:
    await bench.begin()
    bench.homeserver.syncs.append(answer({"errcode": "M_UNKNOWN_TOKEN"}, 401))
    with pytest.raises(TokenRevoked):
        await bench.loop.run()


async def fifty_megabytes(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        for _ in range(50):
            await response.write(b" " * 2**20)
    except ConnectionError:
        pass
    return response


async def test_fifty_megabytes_are_not_read_and_the_rest_is_fetched_room_by_room(bench: Bench) -> None:
    await bench.begin()
    bench.homeserver.syncs.append(fifty_megabytes)
    with pytest.raises(AnswerTooLarge):
        await bench.loop.sync_once()
    bench.homeserver.pages = lambda number: {"chunk": [said("$2"), said("$1")], "end": "e"} if number == 1 else {}
    await bench.syncs(answer(sync("s1", said("$3"), limited=True)), answer(sync("s2")))
    assert await bench.stored() == ["$1", "$2", "$3"]
    filters = [json.loads(query["filter"])["room"]["timeline"] for query in bench.homeserver.sync_queries]
    assert [(one["limit"], one.get("lazy_load_members", False)) for one in filters] == [
        (50, False),
        (50, False),
        (1, True),
        (50, False),
    ]


async def test_a_gap_is_closed_down_to_the_old_position_also_after_a_restart(bench: Bench) -> None:
    await bench.begin()
    bench.homeserver.pages = lambda number: [
        {"chunk": [said("$3"), said("$2")], "end": "e1"},
        {"chunk": [said("$1")], "end": "e2"},
        {"chunk": []},
    ][number - 1]
    bench.loop._needs_full_state = True
    await bench.syncs(answer(sync("s1", said("$4"), limited=True, prev_batch="p1")))
    assert await bench.stored() == ["$1", "$2", "$3", "$4"]
    queries = bench.homeserver.page_queries
    assert [(query["from"], query["to"]) for query in queries] == [("p1", "s0"), ("e1", "s0"), ("e2", "s0")]
    assert bench.homeserver.sync_queries[-1]["full_state"] == "true"


@pytest.mark.parametrize(
    "page",
    [
        {"chunk": "text", "end": "e"},
        {"chunk": [5, None, "x", {}, {"type": 7}, {"content": []}], "end": 5},
        {"chunk": [said("$1")], "end": "p"},
        {"chunk": {"a": 1}, "end": "e"},
        {},
    ],
    ids=["text", "no events", "same position again", "an object", "nothing"],
)
async def test_pages_that_make_no_sense_end_the_gap(bench: Bench, page: dict[str, Any]) -> None:
    await bench.begin()
    bench.homeserver.pages = lambda number: page if number == 1 else {}
    await bench.syncs(answer(sync("s1", said("$9"), limited=True, prev_batch="p")))
    assert (await bench.stored())[-1] == "$9"
    assert await bench.position() == "s1"


async def test_pages_without_end_are_left_after_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "_MAX_PAGES", 5)
    await bench.begin()
    bench.homeserver.pages = lambda number: {"chunk": [said(f"$page-{number}")], "end": f"e{number}"}
    await bench.syncs(answer(sync("s1", said("$9"), limited=True)))
    assert await bench.stored() == [*(f"$page-{number}" for number in range(5, 0, -1)), "$9"]


async def test_a_gap_that_cannot_be_fetched_now_is_fetched_later(bench: Bench) -> None:
    await bench.begin()
    bench.homeserver.pages = lambda number: number // 0
    with pytest.raises(RequestFailed):
        await bench.syncs(answer(sync("s1", said("$9"), limited=True)))
    assert await bench.position() == "s0"
    assert await bench.stored() == []


ODD_EVENTS: list[Any] = [
    said("$no-sender") | {"sender": None},
    {"type": "m.room.message"},
    said("$type") | {"type": 5},
    said("$content") | {"content": "text"},
    {"type": "m.room.encrypted", "event_id": "$odd", "sender": ANNA, "origin_server_ts": 1, "content": []},
    said("$state") | {"state_key": {"a": 1}},
    {"event_id": ["$list"], "sender": ANNA, "type": "m.room.message", "content": {}, "origin_server_ts": 1},
    said("$time") | {"origin_server_ts": "yesterday"},
    {"type": "m.room.member", "state_key": BOT, "sender": ANNA, "event_id": "$m", "content": 5, "origin_server_ts": 1},
    said("$unsigned") | {"unsigned": "text"},
]


@pytest.mark.parametrize("odd", ODD_EVENTS)
async def test_an_odd_event_costs_itself_at_most(bench: Bench, odd: Any) -> None:
    await bench.begin()
    await bench.syncs(answer(sync("s1", said("$1"), odd, said("$2"))))
    stored = await bench.stored()
    assert [event_id for event_id in stored if event_id in {"$1", "$2"}] == ["$1", "$2"]


async def test_a_room_that_was_left_is_closed_and_forgotten(bench: Bench) -> None:
    await bench.begin()
    left = {"next_batch": "s1", "rooms": {"leave": {ROOM: {"timeline": {"events": []}}}}}
    assert ROOM in bench.client.rooms
    await bench.syncs(answer(left), answer(left | {"next_batch": "s2"}))
    assert ROOM not in bench.client.rooms
    assert len(await bench.stored()) == 1
