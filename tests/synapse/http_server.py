"""A server of the tests and the agent of the module that talks to it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from twisted.web.client import Agent

from tim_synapse.http_exchange import HttpAgent


def plain_agent(reactor: Any) -> HttpAgent:
    """An agent that follows no redirects."""
    agent: HttpAgent = Agent(reactor)  # type: ignore[no-untyped-call] # Twisted
    return agent


@asynccontextmanager
async def serving(app: web.Application, ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Address of the application while the context is open."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl_context).start()
    try:
        host, port = "localhost" if ssl_context else "127.0.0.1", runner.addresses[0][1]
        yield f"http{'s' if ssl_context else ''}://{host}:{port}"
    finally:
        await runner.cleanup()
