"""Speaks the federation protocol by hand, as a server whose signing key the test holds."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from signedjson.key import read_signing_keys
from signedjson.sign import sign_json
from synapse.api.room_versions import RoomVersions
from synapse.crypto.event_signing import add_hashes_and_signatures
from synapse.events import make_event_from_dict
from yarl import URL

from tim_sandbox.homeserver_client import Answer, MatrixUser

Event = dict[str, Any]
ROOM_VERSION = RoomVersions.V10


class RawServer:
    """Sends signed requests from `server_name` to one other homeserver.

    Args:
        server_name: whom it speaks as.
        signing_key_file: that server's key.
        destination: name of the other homeserver.
        base_url: its address.
        http: for the requests.
    """

    def __init__(
        self, server_name: str, signing_key_file: Path, destination: str, base_url: str, http: aiohttp.ClientSession
    ) -> None:
        self.server_name = server_name
        with signing_key_file.open(encoding="ascii") as file:
            (self._key,) = read_signing_keys(file)
        self._destination = destination
        self._base_url = base_url
        self._http = http

    async def request(self, method: str, uri: str, body: Any = None) -> Answer:
        """One signed request; `uri` starts with `/_matrix/` and is already encoded."""
        data = None if body is None else json.dumps(body).encode()
        return await self._request(method, uri, data, self._authorization(method, uri, body))

    async def raw(self, method: str, uri: str, data: bytes) -> Answer:
        """As `request`, with a body that is sent as it is; what cannot be signed goes with a wrong signature."""
        try:
            header = self._authorization(method, uri, json.loads(data))
        except (ValueError, RecursionError):
            header = self._authorization(method, uri, {})
        return await self._request(method, uri, data, header)

    def _authorization(self, method: str, uri: str, content: Any) -> str:
        signed = {"method": method, "uri": uri, "origin": self.server_name, "destination": self._destination}
        if content is not None:
            signed["content"] = content
        ((key_id, value),) = sign_json(signed, self.server_name, self._key)["signatures"][self.server_name].items()
        return f'X-Matrix origin="{self.server_name}",destination="{self._destination}",key="{key_id}",sig="{value}"'

    async def _request(self, method: str, uri: str, data: bytes | None, authorization: str) -> Answer:
        # Sent as it was signed: aiohttp would write some of the percent signs its own way.
        url = URL(self._base_url + uri, encoded=True)
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        async with self._http.request(method, url, data=data, headers=headers) as answer:
            is_json = answer.content_type == "application/json"
            return Answer(answer.status, await answer.json() if is_json else None)

    async def send(self, *, pdus: tuple[Event, ...] = (), edus: tuple[Event, ...] = ()) -> Answer:
        """Push a transaction."""
        body = {
            "origin": self.server_name,
            "origin_server_ts": int(time.time() * 1000),
            "pdus": list(pdus),
            "edus": list(edus),
        }
        return await self.request("PUT", f"/_matrix/federation/v1/send/{time.monotonic_ns()}", body)

    def sign(self, event: Event) -> Event:
        """Add hash and signature."""
        add_hashes_and_signatures(ROOM_VERSION, event, self.server_name, self._key)
        return event

    @staticmethod
    def event_id(event: Event) -> str:
        """The id that follows from a signed event."""
        return str(make_event_from_dict(event, ROOM_VERSION).event_id)

    async def event(self, sender: MatrixUser, room_id: str, event_type: str, content: Any, **more: Any) -> Event:
        """A correctly signed event that extends the room as `sender`'s homeserver sees it."""
        path = f"/_matrix/client/v3/rooms/{quote(room_id)}"
        answer = await sender.request("GET", f"{path}/state")
        state = {(event["type"], event["state_key"]): event["event_id"] for event in answer.body}
        recent = await sender.request("GET", f"{path}/messages?dir=b&limit=1")
        auth = [("m.room.create", ""), ("m.room.power_levels", "")]
        if event_type == "m.room.member":
            auth.append(("m.room.join_rules", ""))
        return self.sign(
            {
                "type": event_type,
                "room_id": room_id,
                "sender": sender.user_id,
                "content": content,
                "origin_server_ts": int(time.time() * 1000),
                "depth": 100,
                "prev_events": [recent.body["chunk"][0]["event_id"]],
                "auth_events": [state[key] for key in (*auth, ("m.room.member", sender.user_id))],
                **more,
            }
        )
