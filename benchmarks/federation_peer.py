"""Speaks the federation protocol as one of the sandbox's homeservers, with that server's key."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from signedjson.key import read_signing_keys
from signedjson.sign import sign_json
from synapse.api.room_versions import RoomVersions
from synapse.crypto.event_signing import add_hashes_and_signatures, compute_event_reference_hash
from synapse.events import make_event_from_dict
from unpaddedbase64 import encode_base64
from yarl import URL

from tim_sandbox.homeserver_client import MatrixUser

ROOM_VERSION = RoomVersions.V10


@dataclass(frozen=True, slots=True)
class FederationPeer:
    """Signs requests and events; made by `federation_peer`.

    Args:
        server_name: whom it is.
        key: that server's key.
        http: keeps its connections.
    """

    server_name: str
    key: Any
    http: aiohttp.ClientSession

    def over(self, http: aiohttp.ClientSession) -> "FederationPeer":
        """The same server with other connections."""
        return replace(self, http=http)

    async def request(self, method: str, destination: str, base_url: str, uri: str, content: Any = None) -> int:
        """Send a signed request and read the answer to its end; the HTTP status."""
        signed: dict[str, Any] = {
            "method": method,
            "uri": uri,
            "origin": self.server_name,
            "destination": destination,
        }
        if content is not None:
            signed["content"] = content
        ((key_id, value),) = sign_json(signed, self.server_name, self.key)["signatures"][self.server_name].items()
        header = f'X-Matrix origin="{self.server_name}",destination="{destination}",key="{key_id}",sig="{value}"'
        async with self.http.request(
            method, URL(base_url + uri, encoded=True), json=content, headers={"Authorization": header}
        ) as answer:
            await answer.read()
            return answer.status

    def sign_event(self, event: dict[str, Any]) -> str:
        """Add hashes and signature to an event; its event id."""
        add_hashes_and_signatures(ROOM_VERSION, event, self.server_name, self.key)
        _, digest = compute_event_reference_hash(make_event_from_dict(event, ROOM_VERSION))
        return "$" + encode_base64(digest, urlsafe=True)


def federation_peer(server_name: str, signing_key_file: Path, http: aiohttp.ClientSession) -> FederationPeer:
    """The peer with the key that its homeserver wrote."""
    with signing_key_file.open(encoding="ascii") as file:
        (key,) = read_signing_keys(file)
    return FederationPeer(server_name, key, http)


@dataclass(slots=True)
class SharedRoom:
    """A room of the peer with one user of the server that is measured; grows by the peer's messages.

    Args:
        room_id: of the room.
        sender: the peer's user.
        auth_events: of a message of the sender.
        previous: event id of the newest event.
        depth: of that event.
    """

    room_id: str
    sender: str
    auth_events: list[str]
    previous: str
    depth: int

    def next_message(self, peer: FederationPeer) -> tuple[str, dict[str, Any]]:
        """A signed message that follows the newest event, and its event id; it counts as sent."""
        self.depth += 1
        event: dict[str, Any] = {
            "type": "m.room.encrypted",
            "room_id": self.room_id,
            "sender": self.sender,
            "content": {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "A" * 200},
            "origin_server_ts": int(time.time() * 1000),
            "depth": self.depth,
            "prev_events": [self.previous],
            "auth_events": self.auth_events,
        }
        self.previous = peer.sign_event(event)
        return self.previous, event


async def share_room(host: MatrixUser, guest: MatrixUser) -> SharedRoom:
    """A room of `host`, on the peer, which `guest` has joined."""
    body = {"room_version": ROOM_VERSION.identifier, "invite": [guest.user_id]}
    created = await host.request("POST", "/_matrix/client/v3/createRoom", body)
    path = quote(str(created.body["room_id"]))
    joined = await guest.request("POST", f"/_matrix/client/v3/join/{path}", {})
    if joined.status != 200:  # noqa: PLR2004 - OK
        raise RuntimeError(f"cannot share a room: {joined}")
    answer = await host.request("GET", f"/_matrix/client/v3/rooms/{path}/state")
    state = {(event["type"], event["state_key"]): event["event_id"] for event in answer.body}
    keys = [("m.room.create", ""), ("m.room.power_levels", ""), ("m.room.member", host.user_id)]
    auth_events = [state[key] for key in keys]
    newest = state[("m.room.member", guest.user_id)]
    return SharedRoom(created.body["room_id"], host.user_id, auth_events, newest, 20)
