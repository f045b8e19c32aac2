"""Twisted on the event loop of the tests, so that the module's own HTTP code talks to servers of the tests."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred

_T = TypeVar("_T")


def running_reactor() -> Any:
    """A reactor on the running loop."""
    reactor = AsyncioSelectorReactor(asyncio.get_running_loop())
    reactor.startRunning(installSignalHandlers=False)
    return reactor


async def twisted(work: Coroutine[Any, Any, _T]) -> _T:
    """Await a coroutine that awaits Deferreds."""
    result: _T = await Deferred.fromCoroutine(work).asFuture(asyncio.get_running_loop())
    return result
