"""What clients do all day, on two servers without the module and on one with every rule in force, asked in turn."""

import secrets
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from benchmarks.pairs import Times, in_turn
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver_client import Answer, HomeserverClient, MatrixUser
from tim_sandbox.members import Member
from tim_sandbox.running import Sandbox

V1, V2, RULED = "v1.tim.test", "v2.tim.test", "ruled.tim.test"
SUBJECTS = (V1, V2, RULED)
"""Without the module, the same again as control of the method, and with the module (pro-basis-1.2)."""

_MEMBERS = (
    Member(V1, "", ()),
    Member(V2, "", ()),
    Member(RULED, "", (), telematik_id="1-20-BENCHMARK", profile="pro-basis-1.2"),
)
# The rules want version 10; the others get it too, so that all rooms are made of the same events.
_SAME_WORK = {"default_room_version": "10"}
_WARM_UP = 15
_OK = 200
_CLIENT = "/_matrix/client/v3"

CREATE_ROOM: Mapping[str, Any] = {
    "preset": "trusted_private_chat",
    "visibility": "private",
    "is_direct": True,
    "initial_state": [
        {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "can_join"}},
        {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
        {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "invited"}},
    ],
}
"""As Element begins a conversation; `invite` comes on top."""


@dataclass(slots=True)
class Subject:
    """One server that is measured: a doctor, a colleague, and an encrypted room of both."""

    user: MatrixUser
    colleague: MatrixUser
    room_id: str
    since: str


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often each operation is timed on each server."""

    send: int
    create_room: int
    invite: int
    sync: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Times by operation, and what the created rooms consist of by server: (type of event, number)."""

    times: Mapping[str, Times]
    room_events: Mapping[str, Mapping[str, int]]


SEND = "PUT send m.room.encrypted"
CREATE = "POST createRoom with an invite"
INVITE = "POST invite"
SYNC = "GET sync, incremental"


async def measure_rule_traffic(base_port: int, rounds: Rounds) -> Measured:
    """Run all operations.

    Raises:
        RuntimeError: a server refused, or does other work than the others.
    """
    with tempfile.TemporaryDirectory() as directory:
        plan = Plan(
            Path(directory) / "sandbox",
            base_port,
            members=_MEMBERS,
            with_bot=False,
            extra=dict.fromkeys(SUBJECTS, _SAME_WORK),
        )
        async with running_sandbox(plan) as sandbox, _subjects(sandbox) as subjects:
            room_events = {name: await _events_of_a_new_room(subject) for name, subject in subjects.items()}
            _require(len({str(sorted(events.items())) for events in room_events.values()}) == 1, f"{room_events}")
            times = {
                SEND: await in_turn(subjects, rounds.send, _send),
                CREATE: await in_turn(subjects, rounds.create_room, _create_room, warm_up=_WARM_UP),
                INVITE: await in_turn(subjects, rounds.invite, _invite, warm_up=_WARM_UP),
                SYNC: await in_turn(subjects, rounds.sync, _sync),
            }
            return Measured(times, room_events)


@asynccontextmanager
async def _subjects(sandbox: Sandbox) -> AsyncIterator[dict[str, Subject]]:
    async with AsyncExitStack() as stack:
        subjects = {}
        for name in SUBJECTS:
            # One connection, kept alive.
            connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=600)
            http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            client = HomeserverClient(http, sandbox.state.homeserver(name))
            user = await client.new_user("user", secrets.token_urlsafe())
            colleague = await client.new_user("colleague", secrets.token_urlsafe())
            room_id = await _new_room(user, colleague)
            _ok(await colleague.request("POST", f"{_CLIENT}/join/{quote(room_id)}", {}))
            subjects[name] = Subject(user, colleague, room_id, "")
        yield subjects


async def _new_room(user: MatrixUser, invitee: MatrixUser) -> str:
    body = {**CREATE_ROOM, "invite": [invitee.user_id]}
    return str(_ok(await user.request("POST", f"{_CLIENT}/createRoom", body))["room_id"])


async def _events_of_a_new_room(subject: Subject) -> Counter[str]:
    room_id = await _new_room(subject.user, subject.colleague)
    answer = await subject.user.request("GET", f"{_CLIENT}/rooms/{quote(room_id)}/messages?dir=b&limit=100")
    return Counter(event["type"] for event in _ok(answer)["chunk"])


async def _send(subject: Subject) -> float:
    path = f"{_CLIENT}/rooms/{quote(subject.room_id)}/send/m.room.encrypted/{secrets.token_hex(8)}"
    content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "A" * 200}
    return await _timed(subject.user, "PUT", path, content)


async def _create_room(subject: Subject) -> float:
    body = {**CREATE_ROOM, "invite": [subject.colleague.user_id]}
    return await _timed(subject.user, "POST", f"{_CLIENT}/createRoom", body)


async def _invite(subject: Subject) -> float:
    """The colleague has left before, and leaves again after: nobody's time."""
    path = f"{_CLIENT}/rooms/{quote(subject.room_id)}"
    _ok(await subject.colleague.request("POST", f"{path}/leave", {}))
    seconds = await _timed(subject.user, "POST", f"{path}/invite", {"user_id": subject.colleague.user_id})
    _ok(await subject.colleague.request("POST", f"{path}/join", {}))
    return seconds


async def _sync(subject: Subject) -> float:
    """With one new message."""
    await _send(subject)
    began = time.perf_counter()
    answer = await subject.user.request("GET", f"{_CLIENT}/sync?timeout=0{subject.since}")
    seconds = time.perf_counter() - began
    subject.since = f"&since={quote(_ok(answer)['next_batch'])}"
    return seconds


async def _timed(user: MatrixUser, method: str, path: str, body: Any) -> float:
    began = time.perf_counter()
    answer = await user.request(method, path, body)
    seconds = time.perf_counter() - began
    _ok(answer)
    return seconds


def _ok(answer: Answer) -> Any:
    _require(answer.status == _OK, f"answered {answer.status}")
    return answer.body


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise RuntimeError(f"benchmark: {text}")
