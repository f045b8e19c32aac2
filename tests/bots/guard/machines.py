"""nio's machine as it is, and the guarded one, with what attacks need."""

import base64
import copy
import json
from pathlib import Path
from typing import Any

import vodozemac
from nio import KeysQueryResponse, MegolmEvent, ToDeviceEvent
from nio.crypto import OlmDevice
from nio.crypto.olm_machine import Olm
from nio.store import SqliteMemoryStore

from tim_bots.guard import CryptoStore, GuardedOlm, open_crypto_store

ROOM = "!room:a.test"
BOT, ALICE, MALLORY = "@bot:a.test", "@alice:a.test", "@mallory:a.test"


def plain(user_id: str = BOT, device_id: str = "DEVICE") -> Any:
    """Nio's machine."""
    return Olm(user_id, device_id, SqliteMemoryStore(user_id, device_id, "pickle"))


def guarded(user_id: str = BOT, device_id: str = "DEVICE", path: Path | None = None) -> Any:
    """The guarded machine, in memory or in a file."""
    return GuardedOlm(user_id, device_id, CryptoStore(user_id, device_id, open_crypto_store(path), "pickle"))


def device_of(olm: Any) -> OlmDevice:
    return OlmDevice(olm.user_id, olm.device_id, dict(olm.account.identity_keys))


def device_keys(olm: Any) -> dict[str, Any]:
    """What the device uploads."""
    shared: dict[str, Any] = olm.share_keys()["device_keys"]
    return shared


def keys_query(device_keys: dict[str, Any], **more: Any) -> KeysQueryResponse:
    """An answer as both machines get it."""
    response = KeysQueryResponse(copy.deepcopy(device_keys), {})
    response.body = {"device_keys": copy.deepcopy(device_keys)} | more
    return response


def olm_event(bot: Any, message_type: int, body: str) -> ToDeviceEvent:
    own_key = bot.account.identity_keys["curve25519"]
    return ToDeviceEvent.parse_event(
        {
            "type": "m.room.encrypted",
            "sender": MALLORY,
            "content": {
                "algorithm": "m.olm.v1.curve25519-aes-sha2",
                "sender_key": plain(MALLORY).account.identity_keys["curve25519"],
                "ciphertext": {own_key: {"type": message_type, "body": body}},
            },
        }
    )


def prekey_message_for_unknown_key(bot: Any) -> str:
    stranger = vodozemac.Account()
    stranger.generate_one_time_keys(1)
    one_time_key = next(iter(stranger.one_time_keys.values()))
    identity = vodozemac.Curve25519PublicKey.from_base64(bot.account.identity_keys["curve25519"])
    session = vodozemac.Account().create_outbound_session(identity, one_time_key)
    _, ciphertext = session.encrypt(b"{}").to_parts()
    return base64.b64encode(ciphertext).decode().rstrip("=")


class Talk:
    """`sender`'s Megolm session, of which `bot` has the key."""

    def __init__(self, bot: Any, sender: Any, room_id: str = ROOM) -> None:
        self.session = vodozemac.GroupSession()
        self.sender = sender
        self.room_id = room_id
        self.keys = sender.account.identity_keys
        bot.device_store.add(device_of(sender))
        self.give_key(bot)

    def give_key(self, bot: Any) -> None:
        key = self.session.session_key.to_base64()
        bot.create_group_session(
            self.keys["curve25519"], self.keys["ed25519"], self.room_id, self.session.session_id, key
        )

    def say(self, text: str = "2", event_id: str = "$1", **claims: Any) -> MegolmEvent:
        """An encrypted event; `claims` replace what the homeserver says about it."""
        content = {"msgtype": "m.text", "body": text}
        payload = {"type": "m.room.message", "content": content, "room_id": self.room_id}
        return self.event(self.session.encrypt(json.dumps(payload).encode()).to_base64(), event_id, **claims)

    def event(self, ciphertext: str, event_id: str = "$1", **claims: Any) -> MegolmEvent:
        source = {
            "type": "m.room.encrypted",
            "event_id": event_id,
            "sender": self.sender.user_id,
            "origin_server_ts": 1,
            "room_id": self.room_id,
            "content": {
                "algorithm": "m.megolm.v1.aes-sha2",
                "sender_key": self.keys["curve25519"],
                "device_id": self.sender.device_id,
                "session_id": self.session.session_id,
                "ciphertext": ciphertext,
            },
        }
        event = MegolmEvent.from_dict(source | claims)
        assert isinstance(event, MegolmEvent)
        event.room_id = self.room_id
        return event
