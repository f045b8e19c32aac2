"""A listed homeserver whose operator writes events by hand and signs them with the real server key."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from signedjson.key import read_signing_keys
from signedjson.sign import sign_json
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS, RoomVersions
from synapse.crypto.event_signing import add_hashes_and_signatures
from synapse.events import make_event_from_dict
from yarl import URL

from tim_sandbox.homeserver_client import MatrixUser

Event = dict[str, Any]


class MaliciousServer:
    """Speaks the federation protocol as `server_name`.

    Args:
        server_name: whom it is.
        signing_key_file: that server's key.
        http: for the requests.
    """

    def __init__(self, server_name: str, signing_key_file: Path, http: aiohttp.ClientSession) -> None:
        self.server_name = server_name
        with signing_key_file.open(encoding="ascii") as file:
            (self._key,) = read_signing_keys(file)
        self._http = http

    async def invite_event(self, inviter: MatrixUser, room_id: str, invitee: str) -> Event:
        """A correctly signed invite that extends the room as `inviter`'s homeserver sees it."""
        answer = await inviter.request("GET", f"/_matrix/client/v3/rooms/{quote(room_id)}/state")
        state = {(event["type"], event["state_key"]): event["event_id"] for event in answer.body}
        recent = await inviter.request("GET", f"/_matrix/client/v3/rooms/{quote(room_id)}/messages?dir=b&limit=1")
        auth_types = ("m.room.create", "m.room.power_levels", "m.room.join_rules")
        event: Event = {
            "type": "m.room.member",
            "room_id": room_id,
            "sender": inviter.user_id,
            "state_key": invitee,
            "content": {"membership": "invite"},
            "origin_server_ts": int(time.time() * 1000),
            "depth": 100,
            "prev_events": [recent.body["chunk"][0]["event_id"]],
            "auth_events": [state[(kind, "")] for kind in auth_types] + [state[("m.room.member", inviter.user_id)]],
        }
        add_hashes_and_signatures(RoomVersions.V10, event, self.server_name, self._key)
        return event

    def loose_invite_event(self, inviter: MatrixUser, invitee: str) -> Event:
        """A correctly signed invite of room version 1 into a room that only this server knows about."""
        name = f"{time.monotonic_ns()}:{self.server_name}"
        event: Event = {
            "type": "m.room.member",
            "event_id": f"${name}",
            "room_id": f"!{name}",
            "sender": inviter.user_id,
            "state_key": invitee,
            "content": {"membership": "invite"},
            "origin": self.server_name,
            "origin_server_ts": int(time.time() * 1000),
            "depth": 100,
            "prev_events": [],
            "auth_events": [],
        }
        add_hashes_and_signatures(RoomVersions.V1, event, self.server_name, self._key)
        return event

    async def send(self, destination: str, base_url: str, pdu: Event) -> Any:
        """Push one event in a federation transaction; the JSON answer."""
        body = {"origin": self.server_name, "origin_server_ts": pdu["origin_server_ts"], "pdus": [pdu]}
        status, answer = await self._put(
            destination, base_url, f"/_matrix/federation/v1/send/{time.monotonic_ns()}", body
        )
        assert status == 200, answer
        return answer

    async def invite(
        self, destination: str, base_url: str, event: Event, room_version: str, version: str
    ) -> tuple[int, Any]:
        """Offer an invite by the endpoint of that version, `v1` or `v2`; status and JSON of the answer."""
        event_id = make_event_from_dict(event, KNOWN_ROOM_VERSIONS[room_version]).event_id
        path = f"/_matrix/federation/{version}/invite/{quote(event['room_id'])}/{quote(event_id)}"
        wrapped = {"room_version": room_version, "event": event, "invite_room_state": []}
        return await self._put(destination, base_url, path, wrapped if version == "v2" else event)

    async def _put(self, destination: str, base_url: str, uri: str, body: Any) -> tuple[int, Any]:
        request = {
            "method": "PUT",
            "uri": uri,
            "origin": self.server_name,
            "destination": destination,
            "content": body,
        }
        signature = sign_json(request, self.server_name, self._key)["signatures"][self.server_name]
        ((key_id, value),) = signature.items()
        header = f'X-Matrix origin="{self.server_name}",destination="{destination}",key="{key_id}",sig="{value}"'
        url = URL(base_url + uri, encoded=True)
        async with self._http.put(url, json=body, headers={"Authorization": header}) as answer:
            return answer.status, await answer.json()
