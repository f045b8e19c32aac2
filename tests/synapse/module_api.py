"""The part of Synapse's ModuleApi that the list store uses, on the tests' event loop, with a clock that can jump.

Database, threads, HTTP and Synapse's own cache are real; only what would need a whole Synapse is replaced: its
scheduler (a test calls the store itself) and the channel between its processes.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from synapse.util.clock import Clock
from twisted.internet.defer import Deferred
from twisted.web.client import Agent


@dataclass
class Cluster:
    """What the processes of one homeserver share.

    Args:
        reactor: see `tests.synapse.reactor`.
        database: of SQLite.
        now: the clock of all processes.
    """

    reactor: Any
    database: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    processes: list["ProcessApi"] = field(default_factory=list)


class ProcessApi:
    """One process."""

    server_name = "allein.tim.test"

    def __init__(self, cluster: Cluster, *, runs_background_tasks: bool) -> None:
        self._cluster = cluster
        self._runs_background_tasks = runs_background_tasks
        self._clock = Clock(cluster.reactor, server_name=self.server_name)
        self._hs = self
        self._cached: list[Any] = []
        self.http_client = self
        self.reactor = cluster.reactor
        self.agent = Agent(cluster.reactor)  # type: ignore[no-untyped-call] # Twisted
        cluster.processes.append(self)

    def get_clock(self) -> Clock:
        return self._clock

    def get_current_time_msec(self) -> int:
        return int(self._cluster.now.timestamp() * 1000)

    def should_run_background_tasks(self) -> bool:
        return self._runs_background_tasks

    def looping_background_call(self, *_: Any, **__: Any) -> None:
        """Tests call by themselves."""

    delayed_background_call = looping_background_call

    def register_cached_function(self, function: Any) -> None:
        self._cached.append(function)

    async def invalidate_cache(self, _function: Any, keys: tuple[Any, ...]) -> None:
        for process in self._cluster.processes:
            for function in process._cached:
                function.invalidate(keys)

    def sleep(self, seconds: float) -> Awaitable[None]:
        return as_deferred(asyncio.sleep(seconds))

    def defer_to_thread(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Awaitable[Any]:
        return as_deferred(asyncio.to_thread(function, *args, **kwargs))

    def run_db_interaction(self, _desc: str, function: Callable[..., Any], *args: Any) -> Awaitable[Any]:
        return as_deferred(asyncio.to_thread(self._transaction, function, *args))

    def _transaction(self, function: Callable[..., Any], *args: Any) -> Any:
        connection = sqlite3.connect(self._cluster.database)
        try:
            with connection:
                return function(connection.cursor(), *args)
        finally:
            connection.close()


def as_deferred(work: Awaitable[Any]) -> Awaitable[Any]:
    deferred: Deferred[Any] = Deferred.fromFuture(asyncio.ensure_future(work))
    return deferred
