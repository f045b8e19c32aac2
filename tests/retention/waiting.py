"""Waits for what another process does."""

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE_SECONDS = 60


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once it holds; another process can only be asked."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.1)
