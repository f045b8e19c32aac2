"""What the bot's cryptography costs; the measurements of `benchmarks.bots`."""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import vodozemac
from nio import MatrixRoom
from sqlalchemy import Connection

from benchmarks.bot_world import BOT, Peer, bot_client, homeserver, joined_room, person, room, sync_body
from benchmarks.machine import any_base_port
from tim_bots.cipher import Cipher
from tim_bots.database import Database, open_engine
from tim_bots.delivery import Delivery
from tim_bots.flow import Incoming, Outgoing, SendText
from tim_bots.guard import GuardedClient
from tim_bots.health import Health
from tim_bots.queues import Queues
from tim_bots.sender import Sender
from tim_bots.sync_loop import SyncLoop
from tim_bots.worker import Worker

ROOMS, MESSAGES_PER_ROOM, ANSWERED_PER_ROOM = 10, 200, 50
MEMBERS = 500
MANY_ROOMS, PEOPLE = 500, 100
# A bot on SQLite is installed without the extra `postgres`; where psycopg2 is, peewee loads it for nothing.
_WITHOUT_POSTGRES = """
import sys
sys.modules["psycopg2"] = None
from benchmarks.bot_crypto import restarted
restarted()
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """All figures of one run.

    Args:
        raw_per_second: Megolm decryptions of a bare loop.
        waiting_per_second: waiting messages decrypted, stored and handled, per CPU second.
        answer_cpu_ms: CPU of a request with its answer, sent.
        share_cpu_seconds: CPU of giving a room's key to `MEMBERS` devices with which the bot has sessions.
        restart_cpu_seconds: CPU from the start of the process until `MANY_ROOMS` rooms are there.
        restart_rss_mib: largest memory of that process.
    """

    raw_per_second: float
    waiting_per_second: float
    answer_cpu_ms: float
    share_cpu_seconds: float
    restart_cpu_seconds: float
    restart_rss_mib: float


class Flow:
    """Answers each message, or none.

    Args:
        answers: whether.
    """

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers
        self.handled = 0

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        """Count, and answer if that is wanted."""
        del connection
        self.handled += 1
        return [SendText(f"Angekommen: {message.text}")] if self._answers else []


def measure() -> Measured:
    """Measure everything; takes about a minute on a quiet machine."""
    return Measured(
        raw_per_second=_raw_limit(),
        waiting_per_second=asyncio.run(_waiting(answers=False)),
        answer_cpu_ms=1000 / asyncio.run(_waiting(answers=True)),
        share_cpu_seconds=asyncio.run(_key_share()),
        **_restart(),
    )


def _raw_limit(count: int = 5_000) -> float:
    session = vodozemac.GroupSession()
    inbound = vodozemac.InboundGroupSession(session.session_key)
    messages = [session.encrypt(b"x" * 300).to_base64() for _ in range(count)]
    began = time.process_time()
    for message in messages:
        inbound.decrypt(vodozemac.MegolmMessage.from_base64(message))
    return count / (time.process_time() - began)


class Parts:
    """Sync loop, worker and sender as a bot has them.

    Args:
        client: logged in.
        directory: for the database.
        flow: decides.
    """

    def __init__(self, client: GuardedClient, directory: Path, flow: Flow) -> None:
        self.database = Database(open_engine(directory / "bot.db"))
        queues, health = Queues.of(Cipher(os.urandom(32))), Health()
        delivery = Delivery(client, self.database, queues, lambda: None)
        self.sender = Sender(self.database, queues, delivery, health)
        self.worker = Worker(self.database, queues, flow, BOT, self.sender.wake)
        self.sync = SyncLoop(
            client=client, database=self.database, queues=queues, health=health, notify=self.worker.wake
        )
        self.outbox = queues.outbox

    async def is_all_sent(self) -> bool:
        """Whether nothing waits to be sent."""
        return await self.database.transaction(self.outbox.rooms) == []


async def _waiting(*, answers: bool) -> float:
    """Messages per CPU second, of a homeserver that had them waiting."""
    per_room = ANSWERED_PER_ROOM if answers else MESSAGES_PER_ROOM
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        peers = [Peer(person(number)) for number in range(ROOMS)]
        preparing = bot_client("http://127.0.0.1:9", directory)
        for number, peer in enumerate(peers):
            peer.give_key(preparing, room(number))
        await preparing.store.flush()
        await preparing.close()
        said = {room(n): [peer.say(room(n), i) for i in range(per_room)] for n, peer in enumerate(peers)}
        empty = sync_body("s1", {room(n): joined_room([person(n), BOT]) for n in range(ROOMS)})
        rest = [
            sync_body(f"s{start + 2}", {name: joined_room([person(n), BOT], said[name][start : start + 50])})
            for start in range(0, per_room, 50)
            for n, name in enumerate(said)
        ]
        with homeserver(any_base_port(), [empty, *rest], peers) as url:
            client = bot_client(url, directory)
            flow = Flow(answers=answers)
            parts = Parts(client, directory, flow)
            await _once_up(parts.sync)
            began = time.process_time()
            async with asyncio.TaskGroup() as tasks:
                working = [tasks.create_task(part.run()) for part in (parts.worker, parts.sender)]
                for _ in rest:
                    await parts.sync.sync_once()
                while flow.handled < ROOMS * per_room or not await parts.is_all_sent():  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.05)
                spent = time.process_time() - began
                for task in working:
                    task.cancel()
            await client.close()
            parts.database.close()
    return ROOMS * per_room / spent


async def _once_up(sync: SyncLoop) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await sync.sync_once()
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return


async def _key_share() -> float:
    peers = [Peer(person(number)) for number in range(MEMBERS)]
    with tempfile.TemporaryDirectory() as name, homeserver(any_base_port(), [], peers) as url:
        client = bot_client(url, Path(name))
        client.rooms[room(0)] = big = MatrixRoom(room(0), BOT, encrypted=True)
        for peer in peers:
            big.add_member(peer.user_id, None, None)
            client.olm.device_store.add(peer.device())
        big.members_synced = True
        async with asyncio.timeout(20):
            while True:
                try:
                    await client.share_group_session(room(0))  # claims one-time keys; not measured
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        client.invalidate_outbound_session(room(0))
        began = time.process_time()
        await client.share_group_session(room(0))
        spent = time.process_time() - began
        await client.close()
    return spent


def _restart() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        peers = [Peer(person(number)) for number in range(PEOPLE)]
        members = {
            room(n): [person(n % PEOPLE), person((n + 1) % PEOPLE), person((n + 2) % PEOPLE), BOT]
            for n in range(MANY_ROOMS)
        }
        asyncio.run(_fill(directory, peers, members))
        body = sync_body("s1", {name: joined_room(list(users)) for name, users in members.items()})
        with homeserver(any_base_port(), [body], peers) as url:
            command = [sys.executable, "-c", _WITHOUT_POSTGRES, url, name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
    cpu, rss = json.loads(done.stdout)
    return {"restart_cpu_seconds": cpu, "restart_rss_mib": rss}


async def _fill(directory: Path, peers: list[Peer], members: dict[str, list[str]]) -> None:
    client = bot_client("http://127.0.0.1:9", directory)
    by_user = {peer.user_id: peer for peer in peers}
    for peer in peers:
        key = next(iter(peer.one_time_key.values()))["key"]
        client.olm.create_session(key, peer.olm.account.identity_keys["curve25519"])
    for name, users in members.items():
        for user_id in users[:-1]:
            by_user[user_id].give_key(client, name)
    client.store.save_encrypted_rooms(members)
    await client.store.flush()
    await client.close()
    open_engine(directory / "bot.db").dispose()  # a restart finds its tables


async def _ready(url: str, directory: Path) -> int:
    client = bot_client(url, directory)
    parts = Parts(client, directory, Flow(answers=False))
    await _once_up(parts.sync)
    count = len(client.rooms)
    await client.close()
    parts.database.close()
    return count


def restarted() -> None:
    """What the restarted process does: get all rooms, print CPU seconds and the peak of its memory in MiB."""
    assert asyncio.run(_ready(sys.argv[1], Path(sys.argv[2]))) == MANY_ROOMS  # noqa: S101 - or nothing was measured
    used = resource.getrusage(resource.RUSAGE_SELF)  # its ru_maxrss would begin with that of the parent
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kib = int(status.partition("VmHWM:")[2].split()[0])
    print(json.dumps([used.ru_utime + used.ru_stime, peak_kib / 1024]))
