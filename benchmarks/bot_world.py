"""A bot of 500 rooms, the people in them, and a homeserver that answers without thinking; for `benchmarks.bots`.

The homeserver is a process of its own, so that its work does not count as the bot's.
"""

import asyncio
import json
import multiprocessing
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import vodozemac
from aiohttp import web
from nio.crypto import OlmDevice
from nio.crypto.olm_machine import Olm
from nio.store import SqliteMemoryStore

from tim_bots.guard import GuardedClient, open_crypto_store

BOT, DEVICE = "@bot:praxis.test", "BOTDEVICE"
MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}
BASE_TIME_MS = 1_760_000_000_000
TEXT = "Ich möchte gern einen Termin am Donnerstagvormittag, am liebsten zwischen neun und elf Uhr."


def person(number: int) -> str:
    """A user id."""
    return f"@person{number}:praxis.test"


def room(number: int) -> str:
    """A room id."""
    return f"!room{number}:praxis.test"


class Peer:
    """A person's device.

    Args:
        user_id: the person's.
    """

    def __init__(self, user_id: str) -> None:
        self.olm = Olm(user_id, "PHONE", SqliteMemoryStore(user_id, "PHONE", "key"))
        self.user_id = user_id
        self.sessions: dict[str, vodozemac.GroupSession] = {}
        content = self.olm.share_keys()
        self.device_keys = content["device_keys"]
        self.one_time_key = dict([next(iter(content["one_time_keys"].items()))])

    def device(self) -> OlmDevice:
        """As the bot stores it."""
        return OlmDevice(self.user_id, "PHONE", dict(self.olm.account.identity_keys))

    def give_key(self, client: GuardedClient, room_id: str) -> None:
        """Let the bot have the key of what is said in a room."""
        session = self.sessions[room_id] = vodozemac.GroupSession()
        keys = self.olm.account.identity_keys
        client.olm.device_store.add(self.device())
        client.store.save_device_keys({self.user_id: {"PHONE": self.device()}})
        key = session.session_key.to_base64()
        client.olm.create_group_session(keys["curve25519"], keys["ed25519"], room_id, session.session_id, key)

    def say(self, room_id: str, number: int) -> dict[str, Any]:
        """An encrypted event."""
        payload = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": TEXT}, "room_id": room_id}
        session = self.sessions[room_id]
        return {
            "type": "m.room.encrypted",
            "event_id": f"${room_id}-{number}",
            "sender": self.user_id,
            "origin_server_ts": BASE_TIME_MS + number,
            "content": MEGOLM
            | {
                "sender_key": self.olm.account.identity_keys["curve25519"],
                "device_id": "PHONE",
                "session_id": session.session_id,
                "ciphertext": session.encrypt(json.dumps(payload).encode()).to_base64(),
            },
        }


def joined_room(members: list[str], timeline: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A room of a sync, with the state that Synapse gives a private chat."""
    contents: dict[str, dict[str, Any]] = {
        "m.room.create": {"room_version": "10", "creator": members[0]},
        "m.room.power_levels": {"users": {members[0]: 100}, "events": {"m.room.name": 50}, "state_default": 50},
        "m.room.join_rules": {"join_rule": "invite"},
        "m.room.history_visibility": {"history_visibility": "shared"},
        "m.room.guest_access": {"guest_access": "forbidden"},
        "m.room.encryption": MEGOLM,
    }
    state = [
        {"type": name, "state_key": "", "sender": members[0], "content": content} for name, content in contents.items()
    ]
    state += [
        {"type": "m.room.member", "state_key": user, "sender": user, "content": {"membership": "join"}}
        for user in members
    ]
    stamped = [event | {"event_id": f"$s{i}", "origin_server_ts": BASE_TIME_MS} for i, event in enumerate(state)]
    return {
        "state": {"events": stamped},
        "timeline": {"events": timeline or [], "limited": False, "prev_batch": "p"},
        "summary": {"m.joined_member_count": len(members), "m.invited_member_count": 0},
        "ephemeral": {"events": []},
        "account_data": {"events": []},
        "unread_notifications": {},
    }


def sync_body(position: str, rooms: Mapping[str, Any]) -> dict[str, Any]:
    """One answer to `/sync`."""
    return {
        "next_batch": position,
        "rooms": {"join": dict(rooms)},
        "device_one_time_keys_count": {"signed_curve25519": 50},
        "device_unused_fallback_key_types": ["signed_curve25519"],
        "device_lists": {"changed": [], "left": []},
    }


def bot_client(homeserver: str, directory: Path) -> GuardedClient:
    """The bot, logged in; its keys are in `directory`."""
    client = GuardedClient(homeserver, BOT, open_crypto_store(directory / "crypto.db"), "key")
    client.restore_login(BOT, DEVICE, "token")
    client.olm.account.shared = True
    client.olm.save_account()
    return client


@contextmanager
def homeserver(port: int, syncs: list[dict[str, Any]], peers: list[Peer]) -> Iterator[str]:
    """Serve the syncs one after the other, then empty ones.

    Yields:
        The base URL.
    """
    devices = {peer.user_id: {"PHONE": peer.device_keys} for peer in peers}
    keys = {peer.user_id: {"PHONE": peer.one_time_key} for peer in peers}
    bodies = [json.dumps(body).encode() for body in syncs]
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port, bodies, devices, keys))
    process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def _serve(port: int, syncs: list[bytes], devices: Any, keys: Any) -> None:
    waiting = list(syncs)
    empty = json.dumps(sync_body("end", {})).encode()

    async def answer(request: web.Request) -> web.Response:
        path = request.path
        if path.endswith("/sync"):
            return web.Response(body=waiting.pop(0) if waiting else empty, content_type="application/json")
        body = await request.json() if request.can_read_body else {}
        if path.endswith("/keys/query"):
            return web.json_response({"device_keys": {user: devices.get(user, {}) for user in body["device_keys"]}})
        if path.endswith("/keys/claim"):
            return web.json_response({"one_time_keys": {user: keys[user] for user in body["one_time_keys"]}})
        if path.endswith("/joined_members"):
            return web.json_response({"joined": {}})
        if "/send/" in path:
            return web.json_response({"event_id": f"$sent-{path.rpartition('/')[2]}"})
        return web.json_response({})

    async def serve() -> None:
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        sys.stdout.flush()
        await asyncio.Event().wait()

    asyncio.run(serve())
