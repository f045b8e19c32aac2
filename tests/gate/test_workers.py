"""The practice as six processes: the module works in all of them, one of them talks to the VZD."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from tests.synapse.matrix import invite, new_room, say, sees
from tim_sandbox.homeserver_client import HomeserverClient, MatrixUser
from tim_sandbox.members import APOTHEKE, FREMD, PFLEGE, PRAXIS
from tim_sandbox.running import VZD, Sandbox
from tim_sandbox.workers.router import process_for
from tim_sandbox.workers.settings import BACKGROUND, CLIENT_READER, FEDERATION_READER, MAIN, MEDIA, WORKERS

# One set of six processes is busy at a time.
pytestmark = pytest.mark.xdist_group("workers")

PRACTICE = PRAXIS.server_name
_REFRESHES = re.compile(r"^tim_federation_list_refreshes_total\{.*\} (\S+)$", re.MULTILINE)


async def user(federation: Sandbox, server_name: str) -> MatrixUser:
    return await federation.homeserver(server_name).new_user(f"user-{uuid4().hex[:12]}", "password")


def list_requests(federation: Sandbox) -> int:
    """How often the VZD was asked for the list, by its own log."""
    return federation.supervisor.log_of(VZD).read_text().count("/federationList.jws")


async def refreshes(process: HomeserverClient) -> float:
    """How often the process says that it asked."""
    return sum(map(float, _REFRESHES.findall(await process.metrics())))


@asynccontextmanager
async def without(federation: Sandbox, server_name: str) -> AsyncIterator[None]:
    """A server is off the list while the context is open; the change of the list is not waited for."""
    (entry,) = (entry for entry in await federation.vzd.domains() if entry["domain"] == server_name)
    await federation.vzd.remove_domain(server_name)
    try:
        yield
    finally:
        await federation.vzd.add_domain(entry)
        await federation.list_adopted()


async def test_every_process_is_alive_and_enforces_the_list(worker_federation: Sandbox) -> None:
    processes = worker_federation.processes_of(PRACTICE)
    assert set(processes) == {MAIN, *WORKERS}
    newest = await worker_federation.vzd.list_version()
    for name, process in processes.items():
        assert await process.is_healthy(), name
        assert await process.list_version() == newest, name


async def test_only_the_background_process_asks_the_vzd(worker_federation: Sandbox) -> None:
    processes = worker_federation.processes_of(PRACTICE)
    before, rounds = await refreshes(processes[BACKGROUND]), 4
    seen = list_requests(worker_federation)
    async with asyncio.timeout(30):
        while await refreshes(processes[BACKGROUND]) < before + rounds:
            await asyncio.sleep(0.1)
    for name in set(processes) - {BACKGROUND}:
        assert await refreshes(processes[name]) == 0, name
    # One process each of three members asks, at the same pace; if six of the practice asked, it were 8 per round.
    assert rounds <= list_requests(worker_federation) - seen <= 3 * (rounds + 2)


async def test_a_change_of_the_list_reaches_every_process_within_five_seconds(worker_federation: Sandbox) -> None:
    before = await worker_federation.vzd.list_version()
    async with without(worker_federation, APOTHEKE.server_name):
        async with asyncio.timeout(5):
            await worker_federation.list_adopted()
        for name, process in worker_federation.processes_of(PRACTICE).items():
            assert await process.list_version() == before + 1, name


@pytest.mark.requirement("A_25534")
async def test_invites_to_and_from_unlisted_servers_are_refused_on_workers(worker_federation: Sandbox) -> None:
    doctor, nurse, outsider = [await user(worker_federation, member.server_name) for member in (PRAXIS, PFLEGE, FREMD)]
    room_id = await new_room(doctor)
    assert (await invite(doctor, room_id, outsider.user_id)).status == 403
    assert (await invite(outsider, await new_room(outsider), doctor.user_id)).status == 403
    assert (await invite(nurse, await new_room(nurse), doctor.user_id)).status == 200
    async with without(worker_federation, PFLEGE.server_name):
        await worker_federation.list_adopted()
        assert (await invite(doctor, room_id, nurse.user_id)).status == 403
        assert (await invite(nurse, await new_room(nurse), doctor.user_id)).status == 403
    assert (await invite(doctor, room_id, nurse.user_id)).status == 200


async def test_messages_pass_between_the_worker_set_and_a_monolith_both_ways(worker_federation: Sandbox) -> None:
    doctor, nurse = await user(worker_federation, PRACTICE), await user(worker_federation, PFLEGE.server_name)
    room_id = await new_room(doctor, invite=[nurse.user_id])
    assert (await nurse.request("POST", f"/_matrix/client/v3/join/{room_id}", {})).status == 200
    await sees(nurse, room_id, await say(doctor, room_id, "hin"))
    await sees(doctor, room_id, await say(nurse, room_id, "her"))


@pytest.mark.parametrize(
    ("path", "process"),
    [
        ("/_matrix/client/v3/sync", CLIENT_READER),
        ("/_matrix/client/v3/createRoom", CLIENT_READER),
        ("/_matrix/client/v3/rooms/%21a%3Ab/invite", CLIENT_READER),
        ("/_matrix/client/v3/keys/query", CLIENT_READER),
        ("/_matrix/client/v3/keys/upload", MAIN),
        ("/_matrix/federation/v1/openid/userinfo", MAIN),
        ("/_matrix/client/v3/sendToDevice/m.x/1", MAIN),
        ("/_matrix/client/v1/media/download/a/b", MEDIA),
        ("/_matrix/media/v3/upload", MEDIA),
        ("/_matrix/federation/v1/media/download/b", MEDIA),
        ("/_matrix/federation/v1/send/1", FEDERATION_READER),
        ("/_matrix/key/v2/server", FEDERATION_READER),
        ("/_synapse/admin/v1/register", MAIN),
        ("/_synapse/client/tim/v1/gate/status", MAIN),
        ("/.well-known/matrix/server", MAIN),
    ],
)
def test_the_router_sends_each_path_to_the_process_that_answers_it(path: str, process: str) -> None:
    assert process_for(path) == process
