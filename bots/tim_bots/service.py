"""The health service: `/live` and `/ready` on the loopback interface."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web
from sqlalchemy import Connection

from tim_bots.database import Database
from tim_bots.health import Backlog, Health, readiness
from tim_bots.inbox import State
from tim_bots.queues import Queues
from tim_policy.errors import ConfigError

_HOST = "127.0.0.1"


def _application(health: Health, database: Database, count: Callable[[Connection], Backlog]) -> web.Application:
    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def ready(_request: web.Request) -> web.Response:
        backlog = await database.transaction(count)
        is_ready, components = readiness(health, backlog, datetime.now(UTC))
        return web.json_response({"ready": is_ready, "components": components}, status=200 if is_ready else 503)

    application = web.Application()
    application.add_routes([web.get("/live", live), web.get("/ready", ready)])
    return application


@asynccontextmanager
async def serve_health(port: int | None, health: Health, database: Database, queues: Queues) -> AsyncIterator[None]:
    """Serve while the block runs; without a port, do nothing.

    Raises:
        ConfigError: the port is taken.
    """
    if port is None:
        yield
        return

    def count(connection: Connection) -> Backlog:
        waiting = (State.READY, State.WAITING_FOR_KEYS)
        return Backlog(
            failed=queues.inbox.count(connection, [State.FAILED]) + queues.outbox.count(connection, is_dead=True),
            waiting_in=queues.inbox.count(connection, waiting),
            waiting_out=queues.outbox.count(connection),
        )

    runner = web.AppRunner(_application(health, database, count), access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, _HOST, port).start()
        except OSError:
            raise ConfigError(f"health_port: {_HOST}:{port} is in use; choose another port") from None
        yield
    finally:
        await runner.cleanup()
