"""One federation of four homeservers and one story for the whole area."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.gate.story import Story, tell
from tests.gate.world import APOTHEKE, PFLEGE, PRAXIS, World, new_world
from tim_sandbox import members
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.pki import ListPki, make_list_pki
from tim_sandbox.running import Sandbox


@pytest.fixture(scope="session")
def pki() -> ListPki:
    """Signs the lists of homeservers that a test starts for itself."""
    return make_list_pki()


LENIENT: dict[str, Any] = {"modules": [], "federation_domain_whitelist": None}
DIRECTORY = {"allow_public_rooms_over_federation": True}
NOTARY = {
    **DIRECTORY,
    "trusted_key_servers": [{"server_name": APOTHEKE}],
    "user_directory": {"enabled": True, "search_all_users": True},
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gate_federation(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[Sandbox]:
    """Praxis with a notary, pflege, apotheke that is listed but lets everybody in, and fremd."""
    plan = Plan(
        tmp_path_factory.mktemp("gate") / "sandbox",
        new_base_port(),
        members=(members.PRAXIS, members.PFLEGE, members.APOTHEKE, members.FREMD),
        with_bot=False,
        extra={APOTHEKE: LENIENT, PRAXIS: NOTARY, PFLEGE: DIRECTORY},
    )
    async with running_sandbox(plan) as sandbox:
        yield sandbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(gate_federation: Sandbox) -> World:
    return await new_world(gate_federation)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def story(world: World) -> Story:
    """What got through before, while and after pflege was off the list."""
    admin = await world.sandbox.homeserver(PRAXIS).new_user("gate-admin", "password", is_admin=True)
    return await tell(world, admin)
