"""Fixtures that several areas share."""

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.metadata import version
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from tests.workers import require_workers
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.members import APOTHEKE, FREMD, PFLEGE, PRAXIS
from tim_sandbox.running import Sandbox
from tim_sandbox.state import PORT_SPAN, free_base_port

# The machine may be busy: no test fails for the time it takes.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_report_header() -> str:
    """The versions a log was made with."""
    names = ("matrix-synapse", "matrix-nio", "cryptography", "pydantic", "Twisted")
    return ", ".join(f"{name} {version(name)}" for name in names)


NewUser = Callable[[str], Awaitable[MatrixUser]]


@pytest.fixture(scope="session")
def new_base_port() -> Callable[[], int]:
    """Finds a range of free ports; workers of pytest-xdist look in ranges of their own."""
    lanes = 16
    lane = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % lanes
    slots = range(20_000 + PORT_SPAN * lane, 32_000, PORT_SPAN * lanes)

    def shuffled() -> Iterator[int]:
        yield from random.sample(slots, len(slots))

    return lambda: free_base_port(shuffled())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def federation(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[Sandbox]:
    """Two members with tim_synapse, the outsider without, and the stand-in VZD.

    A test that changes the federation list changes it back; `await federation.list_adopted()` waits until the
    members enforce the change.
    """
    plan = Plan(
        tmp_path_factory.mktemp("federation") / "sandbox",
        new_base_port(),
        members=(PRAXIS, PFLEGE, FREMD),
        with_bot=False,
    )
    async with running_sandbox(plan) as sandbox:
        yield sandbox


@pytest.fixture
def new_user(federation: Sandbox) -> NewUser:
    """Creates a fresh, logged-in user on the homeserver of that name."""

    async def create(server_name: str) -> MatrixUser:
        return await federation.homeserver(server_name).new_user(f"user-{uuid4().hex[:12]}", "password")

    return create


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def worker_federation(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[Sandbox]:
    """As `federation`, with the practice as six processes on PostgreSQL and Redis, and with the pharmacy."""
    require_workers()
    plan = Plan(
        tmp_path_factory.mktemp("worker-federation") / "sandbox",
        new_base_port(),
        members=(PRAXIS, PFLEGE, APOTHEKE, FREMD),
        with_bot=False,
        on_workers=PRAXIS.server_name,
    )
    async with running_sandbox(plan) as sandbox:
        yield sandbox
