"""A room with what a bad request needs around it, the same on homeservers with and without the module."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from yarl import URL

from tests.rulebook.interfaces import openid_token
from tests.rulebook.surfaces import CLIENT, Surface
from tests.synapse.matrix import new_room, say, set_permission
from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.running import Sandbox

_VARIANTS = ("de.gematik.tim.account.permissionconfig.pro.v1", "de.gematik.tim.account.permissionconfig.epa.v1")


@dataclass(frozen=True)
class Place:
    """One homeserver.

    Args:
        server_name: of it.
        http: sends raw bodies.
        user: asks; she created the room.
        colleague: somebody who may be invited; on an insurer's homeserver nobody of the own server may be.
        blocker: somebody of the own server who wants no invites; the user takes all.
        openid_token: the user's, for gematik's interfaces.
        room_id, event_id: a private room of the user and a message in it.
    """

    server_name: str
    http: aiohttp.ClientSession
    user: MatrixUser
    colleague: MatrixUser
    blocker: MatrixUser
    openid_token: str
    room_id: str = ""
    event_id: str = ""

    async def with_new_room(self) -> "Place":
        """The same people, another room."""
        encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        room_id = await new_room(self.user, initial_state=[encryption], room_version="10")
        return replace(self, room_id=room_id, event_id=await say(self.user, room_id, "Kanarienvogel"))

    async def send(self, surface: Surface, body: bytes) -> Answer:
        """One bad request."""
        tokens = self._tokens()
        path, data = surface.path, body
        for token, value in tokens.items():
            path = path.replace(token, quote(value, safe=""))
            data = data.replace(token.encode(), value.encode())
        token = self.openid_token if surface.is_interface else self.user.access_token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Mxid": self.user.user_id}
        url = URL(self.user.homeserver.client_url + path, encoded=True)
        async with self.http.request(surface.method, url, data=data, headers=headers) as answer:
            is_json = answer.content_type == "application/json"
            return Answer(answer.status, await answer.json() if is_json else None)

    async def state(self, room_id: str) -> list[dict[str, Any]]:
        """Current state as the user sees it; empty when she is not in the room any more."""
        answer = await self.user.request("GET", f"{CLIENT}/rooms/{quote(room_id)}/state")
        return list(answer.body) if answer.status == 200 else []

    def _tokens(self) -> dict[str, str]:
        return {
            "$USER": self.user.user_id,
            "$COLLEAGUE": self.colleague.user_id,
            "$BLOCKER": self.blocker.user_id,
            "$ROOM": self.room_id,
            "$EVENT": self.event_id,
            "$SERVER": self.server_name,
            "$TXN": uuid4().hex,
        }


async def new_place(sandbox: Sandbox, server_name: str, colleagues_server: str) -> Place:
    """People, but no room yet."""

    async def person(server: str) -> MatrixUser:
        return await sandbox.homeserver(server).new_user(f"kanarienvogel-{uuid4().hex[:12]}", "password")

    user, colleague, blocker = await person(server_name), await person(colleagues_server), await person(server_name)
    await permit(user, "allow all")
    await permit(blocker, "block all")
    return Place(server_name, sandbox.http, user, colleague, blocker, await openid_token(user))


async def permit(user: MatrixUser, setting: str) -> None:
    """Store `allow all` or `block all`, for either product."""
    for variant in _VARIANTS:
        await set_permission(user, {"defaultSetting": setting}, variant)
