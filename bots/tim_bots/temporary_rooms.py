"""Rooms that the bot creates for a conversation and closes after it; repeating either changes nothing."""

from urllib.parse import quote

from nio import AsyncClient

from tim_bots.matrix_http import RequestFailed, call, demand, is_final, retry_after

_PURPOSE = "de.tim_suite.purpose"
"""State event that marks the room, so that an attempt whose answer was lost is found again."""
_CLIENT = "/_matrix/client/v3"
_REFUSED, _NOT_FOUND = 300, 404


async def find_room(client: AsyncClient, mark: str) -> str | None:
    """The room that an earlier attempt made; None if none did.

    Raises:
        RequestFailed: the homeserver does not say.
    """
    joined = await demand(client, "GET", f"{_CLIENT}/joined_rooms")
    for room_id in joined.get("joined_rooms", []):
        path = f"{_CLIENT}/rooms/{quote(room_id, safe='')}/state/{_PURPOSE}"
        status, answer = await call(client, "GET", path)
        if status >= _REFUSED and status != _NOT_FOUND:
            raise RequestFailed(status, str(answer.get("errcode", "")), retry_after(answer))
        if status < _REFUSED and answer.get("mark") == mark:
            return str(room_id)
    return None


async def make_room(client: AsyncClient, name: str, mark: str) -> str:
    """Create an encrypted room in which the bot is alone; returns its id.

    Raises:
        RequestFailed: the homeserver refused.
    """
    state = [
        {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
        {"type": _PURPOSE, "state_key": "", "content": {"mark": mark}},
    ]
    body = {"preset": "private_chat", "name": name, "initial_state": state}
    return str((await demand(client, "POST", f"{_CLIENT}/createRoom", body))["room_id"])


async def empty_room(client: AsyncClient, room_id: str) -> None:
    """Remove everybody who is in the room or invited; the bot itself stays.

    Raises:
        RequestFailed: the homeserver does not say who is there, or cannot remove somebody now.
    """
    room = f"{_CLIENT}/rooms/{quote(room_id, safe='')}"
    status, answer = await call(client, "GET", f"{room}/members")
    if is_final(status):
        return  # the bot is out already
    if status >= _REFUSED:
        raise RequestFailed(status, str(answer.get("errcode", "")), retry_after(answer))
    for event in answer.get("chunk", []):
        user_id, membership = event.get("state_key"), event.get("content", {}).get("membership")
        if membership not in {"join", "invite", "knock"} or user_id == client.user_id:
            continue
        status, answer = await call(client, "POST", f"{room}/kick", {"user_id": user_id})
        if status >= _REFUSED and not is_final(status):
            raise RequestFailed(status, str(answer.get("errcode", "")), retry_after(answer))
