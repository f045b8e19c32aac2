"""TiMessengerInformation over HTTP: whose server an IK number is, and whether a server is an insurer's."""

from urllib.parse import quote

import pytest

from tests.rulebook.conftest import NewUser
from tests.rulebook.interfaces import assert_empty, assert_error, call, openid_token, without_access
from tim_sandbox.running import Sandbox

PRAXIS = "praxis.tim.test"
OF_PRO = ("praxis.tim.test", "alte-praxis.tim.test")
OF_EPA = ("kasse.tim.test", "alte-kasse.tim.test")
BASE = "/tim-information"
FIND, JUDGE = f"GET {BASE}/v1/server/findByIk", f"GET {BASE}/v1/server/isInsurance"

pytestmark = pytest.mark.requirement("I_TiMessengerInformation")


@pytest.mark.parametrize("server_name", OF_PRO)
async def test_the_server_of_an_insurer_is_found_by_its_ik_number(
    rulebook: Sandbox, new_user: NewUser, server_name: str
) -> None:
    token = await openid_token(await new_user(server_name))
    found = await call(rulebook, server_name, f"{FIND}?ikNumber=101575519", token)
    assert (found.status, found.body) == (200, {"serverName": "kasse.tim.test"})
    assert found.headers["Access-Control-Allow-Origin"] == "*"
    assert_error(await call(rulebook, server_name, f"{FIND}?ikNumber=999999999", token), 404)


@pytest.mark.parametrize("query", ["", "?ikNumber=", "?ikNumber=12345678", "?ikNumber=1015755190", "?ik=101575519"])
async def test_a_wrong_ik_number_is_a_bad_request(rulebook: Sandbox, new_user: NewUser, query: str) -> None:
    token = await openid_token(await new_user(PRAXIS))
    assert_error(await call(rulebook, PRAXIS, FIND + query, token), 400)
    assert_error(await call(rulebook, PRAXIS, f"{FIND}?ikNumber=101575519&ikNumber=109500969", token), 400)


@pytest.mark.parametrize(
    ("server_name", "is_insurance"),
    [
        ("kasse.tim.test", True),
        ("KASSE.tim.test", True),
        ("alte-kasse.tim.test", True),
        ("pflege.tim.test", False),
        ("praxis.tim.test", False),
        ("fremd.test", False),
    ],
)
async def test_a_server_is_an_insurers_or_not(
    rulebook: Sandbox, new_user: NewUser, server_name: str, is_insurance: bool
) -> None:
    token = await openid_token(await new_user(PRAXIS))
    answer = await call(rulebook, PRAXIS, f"{JUDGE}?serverName={server_name}", token)
    assert (answer.status, answer.body) == (200, {"isInsurance": is_insurance})


@pytest.mark.parametrize("query", ["", "?serverName=", "?serverName=a%20b", "?serverName=%00", "?serverName=%ff"])
async def test_a_wrong_server_name_is_a_bad_request(rulebook: Sandbox, new_user: NewUser, query: str) -> None:
    assert_error(await call(rulebook, PRAXIS, JUDGE + query, await openid_token(await new_user(PRAXIS))), 400)


async def test_it_describes_itself(rulebook: Sandbox, new_user: NewUser) -> None:
    token = await openid_token(await new_user(PRAXIS))
    for path in (BASE, f"{BASE}/"):
        answer = await call(rulebook, PRAXIS, f"GET {path}", token)
        assert answer.status == 200
        assert (answer.body["title"], answer.body["version"]) == ("TiMessengerInformation", "1.0.0")
        assert_error(await call(rulebook, PRAXIS, f"GET {path}"), 403)


async def test_nobody_gets_in_without_an_openid_token_of_this_homeserver(rulebook: Sandbox, new_user: NewUser) -> None:
    user, other = await new_user(PRAXIS), await new_user("pflege.tim.test")
    tokens = without_access(user) | {"of another homeserver": await openid_token(other)}
    for token in (None, *tokens.values()):
        for request in (f"{FIND}?ikNumber=101575519", f"{JUDGE}?serverName=kasse.tim.test", FIND, JUDGE):
            assert_empty(await call(rulebook, PRAXIS, request, token), 401)
    valid = await openid_token(user)
    request = f"{JUDGE}?serverName=kasse.tim.test"
    for header in (f"Basic {valid}", valid, f"Bearer {valid} {valid}"):
        assert_empty(await call(rulebook, PRAXIS, request, headers={"Authorization": header}), 401)
    assert_empty(await call(rulebook, PRAXIS, f"{request}&access_token={valid}"), 401)


async def test_the_token_of_a_deactivated_user_is_worth_nothing(rulebook: Sandbox, new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    token = await openid_token(user)
    identifier = {"type": "m.id.user", "user": user.user_id}
    auth = {"type": "m.login.password", "identifier": identifier, "password": "password"}
    answer = await user.request("POST", "/_matrix/client/v3/account/deactivate", {"auth": auth})
    assert answer.status == 200, answer
    assert_empty(await call(rulebook, PRAXIS, f"{JUDGE}?serverName=kasse.tim.test", token), 401)


async def test_other_paths_and_methods_are_errors_of_the_interface(rulebook: Sandbox, new_user: NewUser) -> None:
    token = await openid_token(await new_user(PRAXIS))
    for path in (
        "/v1",
        "/v1/server",
        "/v1/server/findByIk/",
        "/v1/server/findByIk/x",
        "/%ff",
        "/v1/server/" + quote("ä"),
    ):
        assert_error(await call(rulebook, PRAXIS, f"GET {BASE}{path}", token), 404)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await call(rulebook, PRAXIS, f"{method} {BASE}/v1/server/findByIk?ikNumber=101575519", token)
        assert_error(answer, 405)
        assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize("server_name", OF_EPA)
async def test_insured_persons_have_no_such_interface(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    token = await openid_token(await new_user(server_name))
    answer = await call(rulebook, server_name, f"{FIND}?ikNumber=101575519", token)
    assert answer.status == 404
