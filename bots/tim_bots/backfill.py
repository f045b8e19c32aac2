"""Fetches what a sync left out (N8): the homeserver sends only the newest events of a busy room."""

import logging
from typing import Any
from urllib.parse import quote, urlencode

from nio import Event

from tim_bots.guard import GuardedClient
from tim_bots.matrix_http import demand
from tim_bots.metrics import GAPS

logger = logging.getLogger(__name__)

_PAGE_SIZE = 100
_MAX_PAGES = 50
"""5,000 messages in one room during one outage: beyond that it is a flood, and the rest is left out."""


async def fetch_gap(client: GuardedClient, room_id: str, prev_batch: str, since: str) -> list[Any]:
    """The room's events between two positions.

    Args:
        client: logged in.
        room_id: the room.
        prev_batch: where the timeline of the sync begins.
        since: the position of the sync before.

    Returns:
        nio events, oldest first, not decrypted.

    Raises:
        RequestFailed, TokenRevoked: the homeserver refused.
    """
    path = f"/_matrix/client/v3/rooms/{quote(room_id, safe='')}/messages"
    newest_first: list[Any] = []
    position = prev_batch
    for _ in range(_MAX_PAGES):
        query = {"dir": "b", "from": position, "to": since, "limit": _PAGE_SIZE}
        page = await demand(client, "GET", f"{path}?{urlencode(query)}")
        chunk, end = page.get("chunk"), page.get("end")
        newest_first += _events(chunk)
        if not chunk or not isinstance(end, str) or end == position:
            GAPS.labels("closed").inc()
            return newest_first[::-1]
        position = end
    GAPS.labels("too_long").inc()
    logger.error("gap not closed component=sync pages=%d", _MAX_PAGES)
    return newest_first[::-1]


def _events(chunk: Any) -> list[Any]:
    sources = chunk if isinstance(chunk, list) else []
    return [event for source in sources if isinstance(source, dict) and (event := Event.parse_event(source))]
