"""Waits for what another process does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

SETTINGS_OF_PREPARING = {"background_updates": {"sleep_enabled": False}}
"""Let a new homeserver hurry; see `until_prepared`."""

_PATIENCE_SECONDS = 60


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once it holds; another process can only be asked."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.1)


async def until_prepared(query: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """Synapse fills a new database in the background, by way of tables that it drops again.

    While it does, one of them (`sliding_sync_joined_rooms_to_recalculate`) holds on to rooms, and purging one fails.
    """

    async def is_prepared() -> bool:
        return query("SELECT COUNT(*) FROM background_updates") == [(0,)]

    await until(is_prepared)
