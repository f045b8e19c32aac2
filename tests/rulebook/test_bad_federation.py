"""Bad requests of a listed homeserver: never 5xx, no invite that a rule forbids, and good messages still arrive.

Its operator holds the signing key, so the bad events are signed like good ones wherever they can be signed at all.
"""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.gate.raw_server import RawServer
from tests.rulebook.bad_json import examples
from tests.rulebook.oracle import EPA
from tests.rulebook.places import Place, new_place, permit
from tests.synapse.matrix import invitations_of, invite, new_room, say, sees
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

PFLEGE, FREMD = "pflege.tim.test", "fremd.test"
SERVERS = ("praxis.tim.test", "alte-praxis.tim.test", "kasse.tim.test", "alte-kasse.tim.test")
_FEDERATION = "/_matrix/federation"
STOCK = {
    "invite": "reads the event of an invite, and the state that comes with it, as they come",
    "transaction": "reads PDUs and EDUs as they come",
    "send_join": "reads the event as it comes",
}
"""Requests to which Synapse itself answers 5xx before it asks a module."""

NewUser = Callable[[str], Awaitable[MatrixUser]]


def raw_server(sandbox: Sandbox, origin: str, destination: str) -> RawServer:
    key = sandbox.layout.homeserver(origin) / "signing.key"
    return RawServer(origin, key, destination, sandbox.homeserver(destination).client_url, sandbox.http)


def invite_event(origin: str, invitee: str) -> dict[str, Any]:
    """An invite into a room that nobody else knows, not signed yet."""
    return {
        "type": "m.room.member",
        "room_id": f"!kanarienvogel:{origin}",
        "sender": f"@kanarienvogel:{origin}",
        "state_key": invitee,
        "content": {"membership": "invite", "displayname": "Kanarienvogel"},
        "origin_server_ts": int(time.time() * 1000),
        "depth": 5,
        "prev_events": ["$" + "a" * 43],
        "auth_events": ["$" + "b" * 43],
    }


def signed(raw: RawServer, event: Any) -> Any:
    """The event, signed if it can be."""
    try:
        return raw.sign(event) if isinstance(event, dict) else event
    except Exception:  # noqa: BLE001 - whatever a signer cannot sign is sent as it is
        return event


def parsed(bodies: list[bytes]) -> list[Any]:
    """Those that can be part of a larger body."""
    found = []
    for body in bodies:
        try:
            found.append(json.loads(body))
        except (ValueError, RecursionError):
            continue
    return found


async def faults_of(sandbox: Sandbox, raw: RawServer, name: str, method: str, uri: str, data: bytes) -> list[str]:
    """Send; a 5xx counts unless a stock Synapse answers with one too."""
    answer = await raw.raw(method, uri, data)
    if answer.status < 500:
        return []
    if name in STOCK:
        stock = await raw_server(sandbox, PFLEGE, FREMD).raw(method, uri, data)
        if stock.status >= 500:
            return []
    return [f"{answer.status}: {data[:1500]!r}"]


@pytest.mark.parametrize("server_name", SERVERS)
async def test_bad_invites(rulebook: Sandbox, server_name: str) -> None:
    place = await new_place(rulebook, server_name, server_name)
    raw = raw_server(rulebook, PFLEGE, server_name)
    faults = []
    for data in _bad_invites(raw, place):
        for version in ("v1", "v2"):
            uri = f"{_FEDERATION}/{version}/invite/{quote(f'!kanarienvogel:{PFLEGE}')}/{quote('$' + uuid4().hex)}"
            faults += await faults_of(rulebook, raw, "invite", "PUT", uri, data)
    assert not faults, "\n".join(faults)
    assert await invitations_of(place.blocker) == set()


def _bad_invites(raw: RawServer, place: Place) -> list[bytes]:
    good = invite_event(PFLEGE, place.blocker.user_id)
    stripped = [
        {"type": "m.room.create", "sender": f"@x:{PFLEGE}", "state_key": "", "content": {"room_version": "10"}},
        {"type": "m.room.join_rules", "sender": f"@x:{PFLEGE}", "state_key": "", "content": {"join_rule": "invite"}},
    ]
    whole = {"room_version": "10", "event": raw.sign(dict(good)), "invite_room_state": stripped}
    events = parsed(examples(16, {**good, "unsigned": {"invite_room_state": stripped}}))
    signed_ones = [{**whole, "event": signed(raw, event)} for event in events]
    return examples(12, whole) + [json.dumps(body).encode() for body in signed_ones]


@pytest.mark.parametrize("server_name", sorted(EPA))
async def test_bad_invites_of_insured_persons(rulebook: Sandbox, server_name: str) -> None:
    """Not one of them reaches another insured person, however it is written (S1b)."""
    origin = next(name for name in EPA if name != server_name)
    place = await new_place(rulebook, server_name, server_name)
    raw = raw_server(rulebook, origin, server_name)
    faults = []
    for event in [invite_event(origin, place.user.user_id), *parsed(examples(12, invite_event(origin, "$USER")))]:
        text = json.dumps({"room_version": "10", "event": event, "invite_room_state": []})
        body = json.loads(text.replace("$USER", place.user.user_id))
        data = json.dumps({**body, "event": signed(raw, body["event"])}).encode()
        uri = f"{_FEDERATION}/v2/invite/{quote(f'!kanarienvogel:{origin}')}/{quote('$' + uuid4().hex)}"
        faults += await faults_of(rulebook, raw, "invite", "PUT", uri, data)
    assert not faults, "\n".join(faults)
    assert await invitations_of(place.user) == set()


@pytest.mark.parametrize("server_name", SERVERS)
async def test_bad_events_of_a_shared_room(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    nurse, guest = await new_user(PFLEGE), await new_user(server_name)
    await permit(guest, "allow all")
    room_id = await new_room(nurse, room_version="10")
    assert (await invite(nurse, room_id, guest.user_id)).status == 200
    assert (await guest.request("POST", f"/_matrix/client/v3/join/{quote(room_id)}?via={PFLEGE}", {})).status == 200
    raw = raw_server(rulebook, PFLEGE, server_name)
    faults = []
    for data in await _bad_transactions(raw, nurse, room_id):
        uri = f"{_FEDERATION}/v1/send/{uuid4().hex}"
        faults += await faults_of(rulebook, raw, "transaction", "PUT", uri, data)
    for data in examples(4, invite_event(PFLEGE, nurse.user_id)):
        uri = f"{_FEDERATION}/v2/send_join/{quote(room_id)}/{quote('$' + uuid4().hex)}"
        faults += await faults_of(rulebook, raw, "send_join", "PUT", uri, data)
    assert not faults, "\n".join(faults)
    await sees(guest, room_id, await say(nurse, room_id, "Hallo"))


async def _bad_transactions(raw: RawServer, nurse: MatrixUser, room_id: str) -> list[bytes]:
    relation = {"rel_type": "m.annotation", "event_id": "$x", "key": "👍"}
    reaction = await raw.event(nurse, room_id, "m.reaction", {"m.relates_to": relation})
    redaction = await raw.event(nurse, room_id, "m.room.redaction", {"redacts": "$x", "reason": "Kanarienvogel"})
    join_rule = await raw.event(nurse, room_id, "m.room.join_rules", {"join_rule": "public"}, state_key="")
    edu = {"edu_type": "m.presence", "content": {"push": [{"user_id": nurse.user_id, "presence": "online"}]}}
    whole = {"origin": PFLEGE, "origin_server_ts": 1, "pdus": [reaction], "edus": [edu]}
    bad = parsed(examples(20, *(_unsigned(event) for event in (reaction, redaction, join_rule))))
    transactions = [
        {**whole, "pdus": [signed(raw, event) for event in bad[at : at + 4]]} for at in range(0, len(bad), 4)
    ]
    return examples(10, whole) + [json.dumps(body).encode() for body in transactions]


def _unsigned(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in {"signatures", "hashes"}}
