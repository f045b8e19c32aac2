"""A homeserver whose operator refuses contact with insurers; and what TiMessengerInformation says without a list."""

from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.synapse.conftest import LoneServer, running_lone_server
from tests.synapse.matrix import create_room, rooms_of
from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.pki import ListPki

FRIEND, KASSE = "friend.tim.test", "kasse.tim.test"
FIND = "/tim-information/v1/server/findByIk?ikNumber="
JUDGE = "/tim-information/v1/server/isInsurance?serverName="


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int], pki: ListPki
) -> AsyncIterator[LoneServer]:
    """It has no list yet."""
    directory = tmp_path_factory.mktemp("no-insurers")
    async with running_lone_server(directory, new_base_port(), pki, rules={"invite_insurers": {}}) as running:
        yield running


async def ask(user: MatrixUser, path: str) -> Answer:
    request = f"/_matrix/client/v3/user/{quote(user.user_id)}/openid/request_token"
    token = (await user.request("POST", request, {})).body["access_token"]
    return await user.homeserver.request("GET", path, access_token=token)


@pytest.mark.requirement("I_TiMessengerInformation")
async def test_without_a_list_nothing_is_claimed(server: LoneServer) -> None:
    user = await server.user()
    for path in (FIND + "101575519", JUDGE + KASSE):
        answer = await ask(user, path)
        assert (answer.status, answer.body["errorCode"]) == (503, "NO_FEDERATION_LIST"), answer
    assert (await ask(user, FIND + "x")).status == 400


@pytest.mark.requirement("NO_INSURERS")
async def test_an_operator_may_refuse_all_contact_with_insurers(server: LoneServer) -> None:
    user = await server.user()
    server.source.serve(1, FRIEND, insurers={KASSE: "101575519"})
    async with server.source.listening():
        await server.refreshed("ok", times=1)
        answer = await create_room(user, invite=[f"@patient:{KASSE}"])
        assert (answer.status, answer.body["errcode"]) == (403, "M_FORBIDDEN")
        assert answer.body["error"] == "Einladungen zwischen dieser Organisation und Krankenkassen sind nicht möglich."
        assert await rooms_of(user) == set()
        assert (await ask(user, FIND + "101575519")).body == {"serverName": KASSE}
        assert (await ask(user, JUDGE + KASSE)).body == {"isInsurance": True}
        assert (await ask(user, JUDGE + FRIEND)).body == {"isInsurance": False}
