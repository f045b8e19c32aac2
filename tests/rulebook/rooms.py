"""Creating and changing rooms, and what a homeserver keeps of them."""

import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import quote

from tests.synapse.matrix import create_room, rooms_of
from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.running import Sandbox

CLIENT = "/_matrix/client/v3"
MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}
BAD_JSON = (400, "M_BAD_JSON")
FORBIDDEN = (403, "M_FORBIDDEN")
INVALID_STATE = (400, "M_INVALID_ROOM_STATE")
UNSUPPORTED_VERSION = (400, "M_UNSUPPORTED_ROOM_VERSION")
TOO_LARGE = (413, "M_TOO_LARGE")

PROS = ["praxis.tim.test", "alte-praxis.tim.test"]
EPAS = ["kasse.tim.test", "alte-kasse.tim.test"]
ALL = [*PROS, *EPAS]


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and error code of an answer that is a refusal."""
    assert answer.status >= 400, answer
    return answer.status, str(answer.body["errcode"])


def initial(event_type: str, content: Any, state_key: str = "") -> dict[str, Any]:
    """One entry of `initial_state`."""
    return {"type": event_type, "state_key": state_key, "content": content}


def _state_path(room_id: str, event_type: str) -> str:
    return f"{CLIENT}/rooms/{quote(room_id)}/state/{quote(event_type, safe='')}/"


async def put_state(user: MatrixUser, room_id: str, event_type: str, content: Any) -> Answer:
    """Send a state event with an empty state key."""
    return await user.request("PUT", _state_path(room_id, event_type), content)


async def state_of(user: MatrixUser, room_id: str, event_type: str) -> Any:
    """Content of the room's event of this type; None when there is none."""
    answer = await user.request("GET", _state_path(room_id, event_type))
    return answer.body if answer.status == 200 else None


async def list_room(user: MatrixUser, room_id: str, visibility: str) -> Answer:
    """Put a room into the room directory, or take it off."""
    return await user.request("PUT", f"{CLIENT}/directory/list/room/{quote(room_id)}", {"visibility": visibility})


async def visibility_of(user: MatrixUser, room_id: str) -> str:
    """Whether the room directory has the room."""
    answer = await user.request("GET", f"{CLIENT}/directory/list/room/{quote(room_id)}")
    return str(answer.body["visibility"])


async def upgrade(user: MatrixUser, room_id: str, new_version: str) -> Answer:
    """Replace a room."""
    return await user.request("POST", f"{CLIENT}/rooms/{quote(room_id)}/upgrade", {"new_version": new_version})


async def join(user: MatrixUser, room_id: str, via: str | None = None) -> Answer:
    """Join by id, asking `via` when the own homeserver is not in the room."""
    query = f"?server_name={via}&via={via}" if via else ""
    return await user.request("POST", f"{CLIENT}/join/{quote(room_id)}{query}", {})


async def is_listed(user: MatrixUser, room_id: str) -> bool:
    """Whether the user finds the room among the public ones."""
    answer = await user.request("GET", f"{CLIENT}/publicRooms?limit=500")
    assert answer.status == 200, answer
    return any(room["room_id"] == room_id for room in answer.body["chunk"])


async def no_room(user: MatrixUser, expected: tuple[int, str], sandbox: Sandbox | None = None, **body: Any) -> None:
    """The request is refused like that, and nothing of a room exists, in the database neither."""
    rows, rooms = None if sandbox is None else traces_of(sandbox, user), await rooms_of(user)
    answer = await create_room(user, **body)
    assert refusal(answer) == expected, answer
    assert await rooms_of(user) == rooms
    assert sandbox is None or traces_of(sandbox, user) == rows


def traces_of(sandbox: Sandbox, user: MatrixUser) -> tuple[int, int, int]:
    """Rows that the user's homeserver, a monolith, has of rooms, addresses and events of the user."""
    path = sandbox.layout.homeserver(user.homeserver.state.server_name) / "homeserver.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
        counts = [
            database.execute(query, (user.user_id,)).fetchone()[0]
            for query in (
                "SELECT count(*) FROM rooms WHERE creator = ?",
                "SELECT count(*) FROM room_aliases WHERE creator = ?",
                "SELECT count(*) FROM events WHERE sender = ?",
            )
        ]
    return counts[0], counts[1], counts[2]
