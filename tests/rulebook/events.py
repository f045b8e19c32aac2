"""Sending, redacting and ageing of events."""

import sqlite3
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg2  # type: ignore[import-untyped] # ships no types

from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.running import Sandbox

CLIENT = "/_matrix/client/v3"
_OLDER = "UPDATE events SET received_ts = received_ts - {0}, origin_server_ts = origin_server_ts - {1} "


async def send(user: MatrixUser, room_id: str, event_type: str, content: Any) -> Answer:
    """PUT an event that is no state."""
    path = f"{CLIENT}/rooms/{quote(room_id)}/send/{quote(event_type, safe='')}/{uuid4().hex}"
    return await user.request("PUT", path, content)


async def sent(user: MatrixUser, room_id: str, event_type: str, content: Any) -> str:
    """As `send`; its event id."""
    answer = await send(user, room_id, event_type, content)
    assert answer.status == 200, answer
    return str(answer.body["event_id"])


async def react(user: MatrixUser, room_id: str, event_id: str, key: Any) -> Answer:
    """React to an event."""
    relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
    return await send(user, room_id, "m.reaction", {"m.relates_to": relation})


async def redact(user: MatrixUser, room_id: str, event_id: str) -> Answer:
    """PUT a redaction."""
    return await user.request("PUT", f"{CLIENT}/rooms/{quote(room_id)}/redact/{quote(event_id)}/{uuid4().hex}", {})


async def is_redacted(user: MatrixUser, room_id: str, event_id: str) -> bool:
    """Whether the user's homeserver shows the event redacted."""
    answer = await user.request("GET", f"{CLIENT}/rooms/{quote(room_id)}/event/{quote(event_id)}")
    assert answer.status == 200, answer
    return not answer.body["content"]


def make_older(sandbox: Sandbox, server_name: str, event_id: str, *, received_h: int = 0, said_h: int = 0) -> None:
    """Turn the clock back for one event in a homeserver's database: when it came, and when it says it was sent."""
    hour = 60 * 60 * 1000
    update = _OLDER.format(received_h * hour, said_h * hour)
    if workers := sandbox._workers_of(server_name):
        settings = workers.postgres.settings()["args"]
        with psycopg2.connect(**{key: value for key, value in settings.items() if not key.startswith("cp_")}) as base:
            base.cursor().execute(update + "WHERE event_id = %s", (event_id,))
        base.close()
        return
    with sqlite3.connect(sandbox.layout.homeserver(server_name) / "homeserver.db", timeout=30) as file:
        file.execute(update + "WHERE event_id = ?", (event_id,))
    file.close()


def refusal(answer: Answer) -> tuple[int, str | None]:
    """Status and error code."""
    return answer.status, answer.body.get("errcode") if isinstance(answer.body, dict) else None
