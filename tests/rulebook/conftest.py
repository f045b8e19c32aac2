"""One homeserver per profile, all in one federation; and the practice once more as several processes.

| server | profile |
| --- | --- |
| praxis.tim.test, pflege.tim.test | pro-basis-1.2 |
| alte-praxis.tim.test | pro-basis-1.1 |
| kasse.tim.test | epa-basis-1.2 |
| alte-kasse.tim.test | epa-basis-1.1 |
| fremd.test | none: a stock Synapse that is not on the list |
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.rulebook.canary import leaks
from tests.workers import require_workers
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.members import ALTE_KASSE, ALTE_PRAXIS, FREMD, KASSE, PFLEGE, PRAXIS
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]
MEMBERS = (PRAXIS, PFLEGE, ALTE_PRAXIS, KASSE, ALTE_KASSE, FREMD)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rulebook(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[Sandbox]:
    """The whole table above. A test that changes the federation list changes it back.

    Whatever the tests did: at the end nobody of theirs stands in a log line or a metric of the module.
    """
    plan = Plan(tmp_path_factory.mktemp("rulebook") / "sandbox", new_base_port(), members=MEMBERS, with_bot=False)
    async with running_sandbox(plan) as sandbox:
        yield sandbox
        assert await leaks(sandbox) == []


@pytest.fixture
def new_user(rulebook: Sandbox) -> NewUser:
    """Creates a fresh, logged-in user on the homeserver of that name."""
    return creator(rulebook)


@pytest.fixture(
    params=["monolith", pytest.param("workers", marks=pytest.mark.xdist_group("workers"))],
)
def new_user_both(request: pytest.FixtureRequest) -> NewUser:
    """As `new_user`, for praxis, pflege and fremd only, with the practice as one process and as six."""
    name = "rulebook" if request.param == "monolith" else "worker_federation"
    return creator(request.getfixturevalue(name))


def creator(sandbox: Sandbox) -> NewUser:
    """A function that creates fresh, logged-in users."""

    async def create(server_name: str) -> MatrixUser:
        return await sandbox.homeserver(server_name).new_user(f"user-{uuid4().hex[:12]}", "password")

    return create


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def old_practice_on_workers(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[Sandbox]:
    """The practice on 1.1 as six processes on PostgreSQL and Redis, with the nursing service."""
    require_workers()
    plan = Plan(
        tmp_path_factory.mktemp("old-practice") / "sandbox",
        new_base_port(),
        members=(ALTE_PRAXIS, PFLEGE),
        with_bot=False,
        on_workers=ALTE_PRAXIS.server_name,
    )
    async with running_sandbox(plan) as sandbox:
        yield sandbox
