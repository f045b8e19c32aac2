"""The few Matrix calls the tests below are made of."""

import asyncio
from typing import Any
from urllib.parse import quote

from tim_sandbox.homeserver_client import Answer, MatrixUser

PERMISSION_CONFIG = "de.gematik.tim.account.permissionconfig.pro.v1"
EPA_PERMISSION_CONFIG = "de.gematik.tim.account.permissionconfig.epa.v1"


async def create_room(user: MatrixUser, **body: Any) -> Answer:
    return await user.request("POST", "/_matrix/client/v3/createRoom", body)


async def new_room(user: MatrixUser, **body: Any) -> str:
    created = await create_room(user, **body)
    assert created.status == 200, created
    return str(created.body["room_id"])


async def invite(user: MatrixUser, room_id: str, invitee: str) -> Answer:
    return await user.request("POST", f"/_matrix/client/v3/rooms/{quote(room_id)}/invite", {"user_id": invitee})


async def set_permission(user: MatrixUser, content: dict[str, Any], data_type: str = PERMISSION_CONFIG) -> None:
    await set_account_data(user, data_type, content)


async def account_data_of(user: MatrixUser, data_type: str) -> Any:
    """The stored content; None when nothing is stored."""
    answer = await user.request("GET", f"/_matrix/client/v3/user/{quote(user.user_id)}/account_data/{data_type}")
    assert answer.status in (200, 404), answer
    return answer.body if answer.status == 200 else None


async def set_account_data(user: MatrixUser, data_type: str, content: Any) -> None:
    answer = await user.request(
        "PUT", f"/_matrix/client/v3/user/{quote(user.user_id)}/account_data/{data_type}", content
    )
    assert answer.status == 200, answer


async def join(user: MatrixUser, room_id: str, via: str = "") -> Answer:
    query = f"?server_name={quote(via)}" if via else ""
    return await user.request("POST", f"/_matrix/client/v3/join/{quote(room_id)}{query}", {})


async def leave(user: MatrixUser, room_id: str) -> None:
    answer = await user.request("POST", f"/_matrix/client/v3/rooms/{quote(room_id)}/leave", {})
    assert answer.status == 200, answer


async def sees_leave(user: MatrixUser, room_id: str, who: str) -> None:
    """Return once the user's homeserver knows that somebody, perhaps of another one, has left; fails after 20 s."""
    path = f"/_matrix/client/v3/rooms/{quote(room_id)}/state/m.room.member/{quote(who)}"
    async with asyncio.timeout(20):
        while (await user.request("GET", path)).body.get("membership") != "leave":
            await asyncio.sleep(0.1)


async def rooms_of(user: MatrixUser) -> set[str]:
    answer = await user.request("GET", "/_matrix/client/v3/joined_rooms")
    return set(answer.body["joined_rooms"])


async def invitations_of(user: MatrixUser) -> set[str]:
    answer = await user.request("GET", "/_matrix/client/v3/sync?timeout=0")
    return set(answer.body.get("rooms", {}).get("invite", {}))


async def say(user: MatrixUser, room_id: str, text: str) -> str:
    path = f"/_matrix/client/v3/rooms/{quote(room_id)}/send/m.room.message/{quote(text)}"
    answer = await user.request("PUT", path, {"msgtype": "m.text", "body": text})
    assert answer.status == 200, answer
    return str(answer.body["event_id"])


async def sees(user: MatrixUser, room_id: str, event_id: str) -> None:
    """Return once the event is in the user's timeline; long-polls, and fails after 20 s without it."""
    since = ""
    for _ in range(20):
        answer = await user.request("GET", f"/_matrix/client/v3/sync?timeout=1000{since}")
        room = answer.body.get("rooms", {}).get("join", {}).get(room_id, {})
        if any(event["event_id"] == event_id for event in room.get("timeline", {}).get("events", [])):
            return
        since = f"&since={quote(answer.body['next_batch'])}"
    raise AssertionError("the event never came")
