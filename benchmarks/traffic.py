"""Does the gate slow traffic down? Two servers without the module and one with it, asked in turn."""

import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp

from benchmarks.federation_peer import FederationPeer, SharedRoom, federation_peer, share_room
from benchmarks.gated import gated_settings, has_adopted
from benchmarks.long_list import ListSource, long_list_names, signed_list
from benchmarks.pairs import Times, in_turn
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver_client import HomeserverClient, MatrixUser
from tim_sandbox.members import Member
from tim_sandbox.pki_files import read_identity
from tim_sandbox.running import Sandbox

V1, V2, GATED, PEER = "v1.tim.test", "v2.tim.test", "gated.tim.test", "peer.tim.test"
SUBJECTS = (V1, V2, GATED)
"""Without the module, the same again as control of the method, and with the module."""

_MEMBERS = (
    Member(V1, "", ()),
    Member(V2, "", ()),
    Member(GATED, "", (), telematik_id="1-20-BENCHMARK"),
    Member(PEER, "", ()),
)
_OK = 200


@dataclass(slots=True)
class Subject:
    """One server that is measured, with one connection kept alive."""

    client: HomeserverClient
    http: aiohttp.ClientSession
    user: MatrixUser
    local_room: str
    shared_room: SharedRoom


async def measure_traffic(base_port: int, rounds: int) -> dict[str, Times]:
    """Times of an event sent by a client, and of a transaction of another server with one event in it."""
    with tempfile.TemporaryDirectory() as directory:
        source = ListSource(base_port + 49)
        plan = Plan(
            Path(directory) / "sandbox",
            base_port,
            members=_MEMBERS,
            with_bot=False,
            extra={GATED: gated_settings(Path(directory) / "sandbox", base_port, source.url, "1h")},
        )
        async with running_sandbox(plan) as sandbox, source.listening():
            names = [*long_list_names(), GATED, PEER]
            source.serve(1, signed_list(1, names, read_identity(sandbox.layout.pki / "signer")))
            await has_adopted(sandbox, GATED, 1)
            async with _subjects(sandbox) as (subjects, peer):
                return {
                    "send-event": await in_turn(subjects, rounds, _send_event),
                    "federated transaction": await in_turn(
                        subjects, rounds, lambda subject: _transaction(subject, peer)
                    ),
                }


@asynccontextmanager
async def _subjects(sandbox: Sandbox) -> AsyncIterator[tuple[dict[str, Subject], FederationPeer]]:
    async with AsyncExitStack() as stack:
        peer = federation_peer(PEER, sandbox.layout.homeserver(PEER) / "signing.key", sandbox.http)
        host = await sandbox.homeserver(PEER).new_user("host", secrets.token_urlsafe())
        subjects = {}
        for name in SUBJECTS:
            connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=600)
            http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            client = HomeserverClient(http, sandbox.state.homeserver(name))
            user = await client.new_user("user", secrets.token_urlsafe())
            other = await client.new_user("other", secrets.token_urlsafe())
            room = await user.request("POST", "/_matrix/client/v3/createRoom", {"invite": [other.user_id]})
            await other.request("POST", f"/_matrix/client/v3/join/{quote(room.body['room_id'])}", {})
            shared = await share_room(host, user)
            subjects[name] = Subject(client, http, user, room.body["room_id"], shared)
        yield subjects, peer


async def _send_event(subject: Subject) -> float:
    path = f"/_matrix/client/v3/rooms/{quote(subject.local_room)}/send/m.room.encrypted/{secrets.token_hex(8)}"
    content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "A" * 200}
    began = time.perf_counter()
    answer = await subject.user.request("PUT", path, content)
    seconds = time.perf_counter() - began
    _require(answer.status == _OK, f"send: {answer.status}")
    return seconds


async def _transaction(subject: Subject, peer: FederationPeer) -> float:
    """Until it is acknowledged; the event is then waited for, so that its handling is in nobody's time."""
    name = subject.client.state.server_name
    event_id, event = subject.shared_room.next_message(peer)
    body = {"origin": PEER, "origin_server_ts": event["origin_server_ts"], "pdus": [event]}
    uri = f"/_matrix/federation/v1/send/{secrets.token_hex(8)}"
    # The session of the subject: one connection, kept alive.
    sender = peer.over(subject.http)
    began = time.perf_counter()
    status = await sender.request("PUT", name, subject.client.client_url, uri, body)
    seconds = time.perf_counter() - began
    _require(status == _OK, f"transaction: {status}")
    path = f"/_matrix/client/v3/rooms/{quote(subject.shared_room.room_id)}/event/{quote(event_id)}"
    deadline = time.monotonic() + 10
    while (await subject.user.request("GET", path)).status != _OK:
        _require(time.monotonic() < deadline, "the event of a transaction never arrived")
    return seconds


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise RuntimeError(f"benchmark: {text}")
