"""Nobody looks an unlisted server up or connects to it, whatever a user asks for: seen from inside the process."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from tests.synapse.conftest import NAME, spec_in
from tests.synapse.list_source import ListSource
from tim_sandbox.homeserver import homeserver_command, write_homeserver
from tim_sandbox.homeserver_client import HomeserverClient, MatrixUser
from tim_sandbox.pki import ListPki
from tim_sandbox.processes import Supervisor
from tim_sandbox.state import HomeserverState

FRIEND = "friend.tim.test"
UNLISTED_PORT = "1"
CLIENT = "/_matrix/client/v3"
REQUESTS: dict[str, Callable[[str], tuple[str, str, Any]]] = {
    "keys query": lambda name: ("POST", f"{CLIENT}/keys/query", {"device_keys": {f"@a:{name}": []}}),
    "keys claim": lambda name: ("POST", f"{CLIENT}/keys/claim", {"one_time_keys": {f"@a:{name}": {"D": "x"}}}),
    "profile": lambda name: ("GET", f"{CLIENT}/profile/{quote('@a:' + name)}", None),
    "alias": lambda name: ("GET", f"{CLIENT}/directory/room/{quote('#a:' + name)}", None),
    "publicRooms": lambda name: ("GET", f"{CLIENT}/publicRooms?server={quote(name)}", None),
    "join by alias": lambda name: ("POST", f"{CLIENT}/join/{quote('#a:' + name)}", {}),
    "join by id": lambda name: ("POST", f"{CLIENT}/join/{quote('!a:' + NAME)}?via={quote(name)}", {}),
    "knock": lambda name: ("POST", f"{CLIENT}/knock/{quote('#a:' + name)}", {}),
    "invite": lambda name: ("POST", f"{CLIENT}/createRoom", {"invite": [f"@a:{name}"]}),
    "media": lambda name: ("GET", f"/_matrix/client/v1/media/download/{quote(name)}/{uuid4().hex}", None),
    "to-device": lambda name: (
        "PUT",
        f"{CLIENT}/sendToDevice/m.test/{uuid4().hex}",
        {"messages": {f"@a:{name}": {"*": {}}}},
    ),
    "notary": lambda name: ("GET", f"/_matrix/key/v2/query/{quote(name)}", None),
}
ODD_NAMES = (
    "fremd.test",
    "fremd.test:8448",
    "FRIEND.tim.test",
    "friend.tim.test.",
    "friend.tim.test:443",
    "sub.friend.tim.test",
    "xn--frnd-loa.tim.test",
    "fründ.tim.test",
    f"127.0.0.1:{UNLISTED_PORT}",
    f"[::1]:{UNLISTED_PORT}",
    "a" * 300 + ".test",
    "friend.tim.test\x00.fremd.test",
)


@dataclass
class Watched:
    """A user of a homeserver without proxy, and what its process looked up and connected to."""

    user: MatrixUser
    source: ListSource
    audit: Path

    def contacts(self) -> list[list[str]]:
        """Everything but the source of the list and the OCSP responder, which are on loopback."""
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        return [line for line in lines if line[1] != "127.0.0.1" or line[2] == UNLISTED_PORT]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int], pki: ListPki
) -> AsyncIterator[Watched]:
    directory, base_port = tmp_path_factory.mktemp("watched"), new_base_port()
    audit = directory / "audit.jsonl"
    audit.touch()
    module = {"module": "tests.gate.socket_audit.SocketAudit", "config": {"file": str(audit)}}
    spec = spec_in(directory, base_port, pki)
    spec.modules[0]["config"]["federation_list"]["refresh_interval"] = "1h"
    spec = replace(spec, modules=(module, *spec.modules), extra={"https_proxy": None})
    secret = spec.registration_shared_secret
    state = HomeserverState(
        server_name=NAME,
        organisation="",
        is_member=True,
        profile="pro-basis-1.2",
        client_port=base_port,
        federation_port=base_port + 1,
        registration_shared_secret=secret,
        users=(),
    )
    source = ListSource(pki, base_port + 2)
    source.serve(7, FRIEND)
    supervisor = Supervisor(directory / "logs")
    async with aiohttp.ClientSession() as http, source.listening():
        client = HomeserverClient(http, state)
        await supervisor.start(NAME, homeserver_command(write_homeserver(spec)))
        try:
            await supervisor.wait_until_ready(NAME, client.is_healthy)
            await supervisor.wait_until_ready(NAME, lambda: _has_list(client))
            yield Watched(await client.new_user("user", "password"), source, audit)
        finally:
            await supervisor.stop_all()


async def _has_list(client: HomeserverClient) -> bool:
    return await client.list_version() == 7


@pytest.mark.requirement("A_25537")
async def test_inviting_somebody_of_a_new_server_fetches_the_list_once_more(watched: Watched) -> None:
    invite = REQUESTS["invite"]("new.tim.test")
    watched.source.serve(8, FRIEND, "new.tim.test")
    answer = await watched.user.request(*invite)
    assert await watched.user.homeserver.list_version() == 8
    # The invite is sent now; it fails, since nobody is there.
    assert answer.status != 403, answer
    assert "new.tim.test" in {host for _, host, _ in watched.contacts()}


@pytest.mark.requirement("A_25537")
async def test_a_request_of_a_new_server_fetches_the_list_once_more(watched: Watched) -> None:
    watched.source.serve(9, FRIEND, "new.tim.test", "newer.tim.test")
    homeserver = watched.user.homeserver
    header = {"Authorization": 'X-Matrix origin="newer.tim.test",key="ed25519:1",sig="AA"'}
    url = f"{homeserver.client_url}/_matrix/federation/v1/query/profile?user_id=@a:x"
    async with aiohttp.ClientSession() as http, http.get(url, headers=header) as answer:
        assert answer.status == 403
    async with asyncio.timeout(20):
        while await homeserver.list_version() < 9:
            await asyncio.sleep(0.05)


@pytest.mark.requirement("A_25534")
@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: repr(name[:30]))
async def test_an_unlisted_name_is_neither_looked_up_nor_connected_to(watched: Watched, name: str) -> None:
    before = len(watched.contacts())
    answers = await asyncio.gather(*(watched.user.request(*request(name)) for request in REQUESTS.values()))
    for kind, answer in zip(REQUESTS, answers, strict=True):
        # 500 is Synapse's own answer to a download from what cannot be a server name.
        assert answer.status in {200, 400, 401, 403, 404, 502} or (kind, answer.status) == ("media", 500), kind
    assert watched.contacts()[before:] == []


async def test_the_same_requests_for_a_listed_name_look_it_up(watched: Watched) -> None:
    before = len(watched.contacts())
    async with asyncio.timeout(20):
        pending = asyncio.create_task(watched.user.request(*REQUESTS["profile"](FRIEND)))
        while FRIEND not in {host for _, host, _ in watched.contacts()[before:]}:
            await asyncio.sleep(0.02)
        pending.cancel()
