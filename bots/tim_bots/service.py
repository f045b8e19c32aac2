"""The health service: `/live`, `/ready` and `/metrics` on the loopback interface."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import Connection

from tim_bots.database import DATABASE_DOWN, Database
from tim_bots.health import Backlog, Health, readiness
from tim_bots.inbox import UNREADABLE, State
from tim_bots.metrics import exposition
from tim_bots.queues import Queues
from tim_policy.errors import ConfigError

logger = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _Service:
    """The answers.

    Args:
        health: of the bot.
        database, queues: asked at each request.
    """

    health: Health
    database: Database
    queues: Queues

    async def live(self, _request: web.Request) -> web.Response:
        """The event loop turns."""
        return web.json_response({"live": True})

    async def ready(self, _request: web.Request) -> web.Response:
        """Whether the bot does its work: 200 or 503."""
        is_ready, components = readiness(self.health, await self._backlog(), datetime.now(UTC))
        return web.json_response({"ready": is_ready, "components": components}, status=200 if is_ready else 503)

    async def metrics(self, _request: web.Request) -> web.Response:
        """For Prometheus."""
        body = exposition(self.health, await self._backlog(), datetime.now(UTC))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _backlog(self) -> Backlog | None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self.database.transaction(self._count)
        except (TimeoutError, *DATABASE_DOWN) as error:
            logger.warning("database failed component=health error=%s", type(error).__name__)
            return None

    def _count(self, connection: Connection) -> Backlog:
        inbox, outbox = self.queues.inbox, self.queues.outbox
        return Backlog(
            ready=inbox.count(connection, [State.READY]),
            undecryptable=inbox.count(connection, UNREADABLE),
            dead_in=inbox.count(connection, [State.FAILED]),
            waiting_out=outbox.count(connection),
            dead_out=outbox.count(connection, is_dead=True),
            timers=self.queues.timers.count(connection),
            oldest_in=inbox.oldest(connection, [State.READY]),
            oldest_out=outbox.oldest(connection),
        )


@asynccontextmanager
async def serve_health(port: int | None, health: Health, database: Database, queues: Queues) -> AsyncIterator[None]:
    """Serve while the block runs; without a port, do nothing.

    Raises:
        ConfigError: the port is taken.
    """
    if port is None:
        yield
        return
    service = _Service(health, database, queues)
    application = web.Application()
    for path, answer in (("/live", service.live), ("/ready", service.ready), ("/metrics", service.metrics)):
        application.router.add_get(path, answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, _HOST, port).start()
        except OSError:
            raise ConfigError(f"health_port: {_HOST}:{port} is in use; choose another port") from None
        yield
    finally:
        await runner.cleanup()
