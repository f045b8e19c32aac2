"""One federation of four homeservers and one story per set-up of the practice."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.gate.story import Story, tell
from tests.gate.world import APOTHEKE, PFLEGE, PRAXIS, World, new_world
from tests.synapse.ocsp_server import listening_pki
from tests.workers import require_workers
from tim_sandbox import members
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.pki import ListPki
from tim_sandbox.running import Sandbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pki() -> AsyncIterator[ListPki]:
    """Signs the lists of homeservers that a test starts for itself; its OCSP responder listens."""
    async with listening_pki() as (pki, _):
        yield pki


LENIENT: dict[str, Any] = {"modules": [], "federation_domain_whitelist": None}
DIRECTORY = {"allow_public_rooms_over_federation": True}
# The gate has to close for traffic too that the rules would not let through anyway: rooms that anybody may join.
OPEN = {
    name: {"unsafe_off": True}
    for name in (
        "request_federation_room_directory",
        "create_room_own_server",
        "state_join_rule_public",
        "state_join_rule",
        "room_listing",
        "room_join",
    )
}
NOTARY = {
    **DIRECTORY,
    "trusted_key_servers": [{"server_name": APOTHEKE}],
    "user_directory": {"enabled": True, "search_all_users": True},
}


SET_UPS = (
    # Groups of pytest-xdist: each story is told once, and one set of workers is busy at a time.
    pytest.param(None, id="monolith", marks=pytest.mark.xdist_group("gate-traffic")),
    pytest.param(PRAXIS, id="workers", marks=pytest.mark.xdist_group("workers")),
)
"""server_name of the homeserver that runs as workers; None: all are monoliths."""


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=SET_UPS)
async def gate_federation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[Sandbox]:
    """Praxis with a notary, pflege, apotheke that is listed but lets everybody in, and fremd.

    Praxis once as a monolith on SQLite, once as six processes on PostgreSQL and Redis.
    """
    on_workers: str | None = request.param
    if on_workers:
        require_workers()
    plan = Plan(
        tmp_path_factory.mktemp("gate") / "sandbox",
        new_base_port(),
        members=(members.PRAXIS, members.PFLEGE, members.APOTHEKE, members.FREMD),
        with_bot=False,
        extra={APOTHEKE: LENIENT, PRAXIS: NOTARY, PFLEGE: DIRECTORY},
        rules={PRAXIS: OPEN, PFLEGE: OPEN},
        on_workers=on_workers,
    )
    async with running_sandbox(plan) as sandbox:
        yield sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(gate_federation: Sandbox) -> World:
    return await new_world(gate_federation)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(world: World) -> Story:
    """What got through before, while and after pflege was off the list."""
    admin = await world.sandbox.homeserver(PRAXIS).new_user("gate-admin", "password", is_admin=True)
    return await tell(world, admin)
