"""Reads what the database holds about a person, page by page (GDPR Art. 15)."""
# ruff: noqa: S608 - the names of tables and columns are those of the data map and of this file

import json
from dataclasses import dataclass
from typing import Any

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import PostgresEngine

from tim_policy.person_data import PersonColumn, answered_columns, person_row
from tim_synapse.tables import is_there, localpart

PAGE_ROWS = 300
_WINDOW = 10_000
"""Events that one transaction looks at: no index finds a sender's events."""
_WINDOWS = 20
"""Windows that one request looks at."""
_EVENTS = ("events", "sender")

_JOINED_ROOMS = """SELECT l.room_id, l.membership, j.json FROM local_current_membership l
    LEFT JOIN current_state_events c ON c.room_id = l.room_id AND c.type = 'm.room.name' AND c.state_key = ''
    LEFT JOIN event_json j ON j.event_id = c.event_id
    WHERE l.user_id = ? AND l.membership = 'join' AND l.room_id > ? ORDER BY l.room_id LIMIT ?"""
"""Names only of rooms she is in: how a room is called after she left is not for her."""
ROOMS = PersonColumn("rooms_joined", "user_id")
"""No table: the rooms she is in, with their names."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as the person may see them; `after` goes into the next request, None: these are the last ones."""

    rows: list[dict[str, Any]]
    after: str | None


class Access:
    """Reads.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api

    async def places(self) -> list[PersonColumn]:
        """Where this database may hold something about a person."""
        found: list[PersonColumn] = await self._api.run_db_interaction("tim_access_tables", _places)
        return [ROOMS, *found]

    async def page(self, place: PersonColumn, user_id: str, after: str) -> Page:
        """The rows of a person that follow `after`; an empty text: from the first on.

        Raises:
            ValueError: `after` is none that an earlier page told.
        """
        if place == ROOMS:
            rows = await self._api.run_db_interaction("tim_access", _rooms, user_id, after)
            return Page([person_row(place, row, user_id) for row in rows], _after(rows, "room_id"))
        if (place.table, place.column) == _EVENTS:
            return await self._events(place, user_id, after)
        keys, rows = await self._api.run_db_interaction("tim_access", _rows, place, user_id, after)
        shown = [person_row(place, row, user_id) for row in rows]
        return Page(shown, keys[-1] if len(rows) == PAGE_ROWS else None)

    async def _events(self, place: PersonColumn, user_id: str, after: str) -> Page:
        first, last = await self._api.run_db_interaction("tim_access_range", _event_range)
        position = int(after) if after else first - 1
        for _ in range(_WINDOWS):
            end = min(position + _WINDOW, last)
            rows = await self._api.run_db_interaction("tim_access_events", _event_rows, user_id, position, end)
            is_full = len(rows) == PAGE_ROWS
            position = int(rows[-1]["stream_ordering"]) if is_full else end
            if rows or position >= last:
                shown = [person_row(place, row, user_id) for row in rows]
                return Page(shown, str(position) if position < last else None)
        return Page([], str(position))


def _places(txn: LoggingTransaction) -> list[PersonColumn]:
    return [
        place for place in answered_columns() if is_there(txn, place.table) and place.column in _columns(txn, place)
    ]


def _columns(txn: LoggingTransaction, place: PersonColumn) -> set[str]:
    """Those of this version of Synapse."""
    txn.execute(f"SELECT * FROM {place.table} LIMIT 0")
    return {column[0] for column in txn.description or ()}


def _rows(
    txn: LoggingTransaction, place: PersonColumn, user_id: str, after: str
) -> tuple[list[str], list[dict[str, Any]]]:
    """In the order in which the database stores them: no column is unique in every table."""
    is_postgres = isinstance(txn.database_engine, PostgresEngine)
    key = "t.ctid" if is_postgres else "t.rowid"
    value = localpart(user_id) if place.is_localpart else user_id
    following = "" if not after else f" AND {key} > ?::tid" if is_postgres else f" AND {key} > ?"
    start: tuple[Any, ...] = () if not after else (_tid(after),) if is_postgres else (int(after),)
    txn.execute(
        f"SELECT {key}, t.* FROM {place.table} t WHERE t.{place.column} = ?{following} ORDER BY {key} LIMIT ?",
        (value, *start, PAGE_ROWS),
    )
    columns = [column[0] for column in (txn.description or ())[1:]]
    found = txn.fetchall()
    return [str(row[0]) for row in found], [dict(zip(columns, row[1:], strict=True)) for row in found]


def _tid(text: str) -> str:
    block, _, line = text.removeprefix("(").removesuffix(")").partition(",")
    return f"({int(block)},{int(line)})"


def _rooms(txn: LoggingTransaction, user_id: str, after: str) -> list[dict[str, Any]]:
    txn.execute(_JOINED_ROOMS, (user_id, after, PAGE_ROWS))
    return [
        {"room_id": room_id, "membership": membership, "name": _name(event)}
        for room_id, membership, event in txn.fetchall()
    ]


def _name(event: str | None) -> str | None:
    content = None if event is None else _content(event)
    name = content.get("name") if isinstance(content, dict) else None
    return name if isinstance(name, str) else None


def _content(event: str) -> Any:
    """The content of an event, or its whole text when it is none."""
    try:
        return json.loads(event)["content"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return event


def _after(rows: list[dict[str, Any]], key: str) -> str | None:
    return str(rows[-1][key]) if len(rows) == PAGE_ROWS else None


def _event_range(txn: LoggingTransaction) -> tuple[int, int]:
    txn.execute("SELECT COALESCE(MIN(stream_ordering), 0), COALESCE(MAX(stream_ordering), 0) FROM events")
    ((first, last),) = txn.fetchall()
    return int(first), int(last)


def _event_rows(txn: LoggingTransaction, user_id: str, position: int, end: int) -> list[dict[str, Any]]:
    txn.execute(
        "SELECT e.stream_ordering, e.event_id, e.type, e.state_key, e.room_id, e.sender, e.origin_server_ts,"
        " e.received_ts, j.json FROM events e LEFT JOIN event_json j ON j.event_id = e.event_id"
        " WHERE e.stream_ordering > ? AND e.stream_ordering <= ? AND e.sender = ?"
        " ORDER BY e.stream_ordering LIMIT ?",
        (position, end, user_id, PAGE_ROWS),
    )
    names = ("stream_ordering", "event_id", "type", "state_key", "room_id", "sender", "origin_server_ts", "received_ts")
    rows = []
    for row in txn.fetchall():
        event = dict(zip(names, row[:-1], strict=True))
        event["content"] = None if row[-1] is None else json.dumps(_content(row[-1]), ensure_ascii=False)
        rows.append(event)
    return rows
