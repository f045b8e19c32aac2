"""What is refused before Synapse sees it, over HTTP, for every profile, as one process and on workers."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.gate.raw_server import RawServer
from tests.rulebook.events import CLIENT
from tests.rulebook.raw import Raw, raw_to
from tests.synapse.matrix import new_room
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]
PRAXIS = "praxis.tim.test"
PRO = (PRAXIS, "alte-praxis.tim.test")
EPA = ("kasse.tim.test", "alte-kasse.tim.test")
ALL = (*PRO, *EPA)
FORBIDDEN = (403, "M_FORBIDDEN")
NO_TOKEN = (401, "M_MISSING_TOKEN")
BAD_TOKEN = (401, "M_UNKNOWN_TOKEN")
UNRECOGNIZED = (404, "M_UNRECOGNIZED")
FEDERATION = "/_matrix/federation/v1"


@pytest.fixture
def to(rulebook: Sandbox) -> Callable[[str], Raw]:
    return lambda server_name: raw_to(rulebook, server_name)


To = Callable[[str], Raw]


@pytest.mark.requirement("A_28587")
@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("server_name", EPA)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE"])
async def test_insured_persons_query_no_room_directory(
    to: To, new_user: NewUser, server_name: str, method: str
) -> None:
    send = to(server_name)
    for token in (None, "wrong", (await new_user(server_name)).access_token):
        for version in ("v3", "r0", "unstable", "api/v1", "v1"):
            answer = await send(method, f"/_matrix/client/{version}/publicRooms?limit=1", token=token)
            assert answer.status == 403
            assert answer.errcode == (None if method == "HEAD" else "M_FORBIDDEN")


TRICKS = (
    "/_matrix/client/v3/publicRooms/",
    "//_matrix/client/v3/publicRooms",
    "/_matrix//client/v3//publicRooms",
    "/_matrix/client/v3/public%52ooms",
    "/%5Fmatrix/client/v3/publicRooms",
    "/_matrix/client/v3/publicRooms?server=praxis.tim.test",
    "/_matrix/client/v3/publicRooms;x",
    "/_matrix/client/v3/./publicRooms",
    "/_matrix/client/v3/x/../publicRooms",
    "/_matrix/client/v3/PUBLICROOMS",
    "/_matrix/client/v3/publicRooms%00",
    "/_matrix/client/v3/publicRooms%2F",
    "/_matrix/client/v3/publicRooms%20",
    "/_matrix/client/v99/publicRooms",
    "/_matrix/client/unstable/org.matrix.x/publicRooms",
)


@pytest.mark.parametrize("path", TRICKS)
async def test_no_path_leads_around(to: To, new_user: NewUser, path: str) -> None:
    user = await new_user("kasse.tim.test")
    for method in ("GET", "POST"):
        answer = await to("kasse.tim.test")(method, path, user=user)
        assert answer.status in {403, 404, 405}, answer


@pytest.mark.requirement("A_26518")
@pytest.mark.parametrize("server_name", PRO)
async def test_professionals_log_in_for_the_room_directory(to: To, new_user: NewUser, server_name: str) -> None:
    send, user = to(server_name), await new_user(server_name)
    room_id = quote(await new_room(user))
    for method, path in (
        ("GET", "publicRooms"),
        ("POST", "publicRooms"),
        ("GET", f"directory/list/room/{room_id}"),
        ("PUT", f"directory/list/room/{room_id}"),
    ):
        for version in ("v3", "r0"):
            url = f"/_matrix/client/{version}/{path}"
            assert (await send(method, url, body={})).refusal == NO_TOKEN
            assert (await send(method, url, body={}, token="wrong")).refusal == BAD_TOKEN
    for method, path in (("GET", "publicRooms"), ("POST", "publicRooms"), ("GET", f"directory/list/room/{room_id}")):
        assert (await send(method, f"{CLIENT}/{path}", body={}, user=user)).status == 200


@pytest.mark.requirement("A_26520")
@pytest.mark.requirement("A_28590")
@pytest.mark.parametrize("server_name", ALL)
async def test_other_servers_get_no_room_directory(rulebook: Sandbox, to: To, server_name: str) -> None:
    for method in ("GET", "POST", "PUT"):
        assert (await to(server_name)(method, f"{FEDERATION}/publicRooms")).refusal == FORBIDDEN
    raw = server(rulebook, "pflege.tim.test", server_name)
    assert await status(raw, "GET", f"{FEDERATION}/publicRooms?limit=5") == 403
    assert await status(raw, "POST", f"{FEDERATION}/publicRooms", {"limit": 5}) == 403


@pytest.mark.requirement("A_26331")
@pytest.mark.parametrize("server_name", ALL)
async def test_the_version_is_told_to_the_federation_only(rulebook: Sandbox, to: To, server_name: str) -> None:
    unauthorized = (401, "M_UNAUTHORIZED")
    path = f"{FEDERATION}/version"
    assert (await to(server_name)("GET", path)).refusal == unauthorized
    assert (await to(server_name)("HEAD", path)).status == 401
    assert (await to(server_name)("GET", "/_matrix//federation/v1/version/")).status in {401, 404}
    assert (await to(server_name)("GET", path, token="wrong")).refusal == unauthorized
    assert await status(server(rulebook, "pflege.tim.test", server_name), "GET", path) == 200
    assert await status(server(rulebook, "fremd.test", server_name), "GET", path) == 403


@pytest.mark.requirement("REF_GUEST")
@pytest.mark.parametrize("server_name", ALL)
async def test_there_are_no_guests(to: To, server_name: str) -> None:
    for version in ("v3", "r0"):
        for query in ("kind=guest", "kind=user&kind=guest", "kind=%67uest"):
            answer = await to(server_name)("POST", f"/_matrix/client/{version}/register?{query}", body={})
            assert answer.refusal == FORBIDDEN


@pytest.mark.requirement("REF_LOGIN_TOKEN")
@pytest.mark.parametrize("server_name", ALL)
async def test_no_session_signs_in_another_one(to: To, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    for method in ("POST", "GET"):
        answer = await to(server_name)(method, "/_matrix/client/v1/login/get_token", user=user, body={})
        assert answer.refusal == (404, "M_NOT_FOUND")


@pytest.mark.requirement("A_26344")
@pytest.mark.parametrize("server_name", ALL)
async def test_there_are_no_url_previews(to: To, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    for path in (
        "/_matrix/media/v3/preview_url",
        "/_matrix/media/r0/preview_url",
        "/_matrix/client/v1/media/preview_url",
    ):
        for query in ("", "?url=https%3A%2F%2Fexample.org"):
            assert (await to(server_name)("GET", path + query, user=user)).refusal == UNRECOGNIZED


@pytest.mark.requirement("A_26265")
@pytest.mark.parametrize("server_name", ALL)
async def test_the_operators_contacts_are_only_read(to: To, server_name: str) -> None:
    for method in ("DELETE", "PUT", "POST"):
        answer = await to(server_name)(method, "/.well-known/matrix/support")
        assert answer.refusal == (405, "M_UNRECOGNIZED")


@pytest.mark.requirement("REF_PRESENCE_STATUS")
@pytest.mark.parametrize("server_name", ALL)
async def test_a_presence_status_is_short(to: To, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    path = f"{CLIENT}/presence/{quote(user.user_id)}/status"

    async def put(status: Any) -> tuple[int, str | None]:
        body = {"presence": "online", "status_msg": status}
        return (await to(server_name)("PUT", path, user=user, body=body)).refusal

    assert await put("ä" * 250) == (200, None)
    assert await put("ä" * 251) == (403, "M_TOO_LARGE")
    wrong: list[Any] = [7, None, ["x"], {}, True]
    for bad in wrong:
        assert await put(bad) == (400, "M_BAD_JSON")


@pytest.mark.requirement("A_25641-01")
@pytest.mark.parametrize("server_name", ALL)
async def test_standard_errors(to: To, new_user: NewUser, server_name: str) -> None:
    send, user = to(server_name), await new_user(server_name)
    versions = await send("GET", "/_matrix/client/versions")
    assert "v1.11" in versions.body["versions"]
    for path in ("/_matrix/client/v3/nothing", "/_matrix/nothing", "/_matrix/federation/v1/nothing"):
        assert (await send("GET", path, user=user)).refusal == UNRECOGNIZED
    for method, path in (("PUT", f"{CLIENT}/sync"), ("DELETE", f"{CLIENT}/createRoom"), ("GET", f"{CLIENT}/logout")):
        assert (await send(method, path, user=user)).refusal == (405, "M_UNRECOGNIZED")
    assert (await send("GET", "/_matrix/media/v3/config", user=user)).status == 200


BAD_REDACTIONS: tuple[Any, ...] = ({}, {"redacts": 7}, {"redacts": None}, {"redacts": ["$a"]})


@pytest.mark.requirement("A_25641-01")
async def test_a_redaction_of_nothing_is_bad_json(to: To, new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    room = f"{CLIENT}/rooms/{quote(await new_room(user))}"
    for path in (
        "send/m.room.redaction/1",
        "send/m%2Eroom.redaction/2",
        "state/m.room.redaction/x",
        "state/m.room.redaction",
    ):
        for body in BAD_REDACTIONS:
            answer = await to(PRAXIS)("PUT", f"{room}/{path}", user=user, body=body)
            assert answer.refusal == (400, "M_BAD_JSON"), (path, answer)


@pytest.mark.requirement("A_23104-02")
@pytest.mark.parametrize(
    "path", [f"{CLIENT}/sync", "/_matrix/client/versions", "/.well-known/matrix/client", "/nothing"]
)
async def test_browsers_may_name_their_client(to: To, path: str) -> None:
    answer = await to(PRAXIS)("OPTIONS", path)
    assert answer.status == 204
    allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"X-TIM-User-Agent", "Mxid", "Authorization", "Content-Type"} <= allowed


async def test_the_main_ones_on_workers_too(request: pytest.FixtureRequest, new_user_both: NewUser) -> None:
    is_on_workers = "workers" in request.node.callspec.id
    sandbox = request.getfixturevalue("worker_federation" if is_on_workers else "rulebook")
    send, user = raw_to(sandbox, PRAXIS), await new_user_both(PRAXIS)
    assert (await send("GET", f"{CLIENT}/publicRooms")).refusal == NO_TOKEN
    assert (await send("GET", f"{CLIENT}/publicRooms", user=user)).status == 200
    assert (await send("GET", f"{CLIENT}/profile/{quote(user.user_id)}")).refusal == NO_TOKEN
    assert (await send("GET", f"{CLIENT}/profile/{quote(user.user_id)}", user=user)).status == 200
    assert (await send("GET", f"{FEDERATION}/version")).refusal == (401, "M_UNAUTHORIZED")
    assert await status(server(sandbox, "pflege.tim.test", PRAXIS), "GET", f"{FEDERATION}/version") == 200
    assert (await send("GET", f"{FEDERATION}/publicRooms")).refusal == FORBIDDEN
    assert (await send("POST", "/_matrix/client/v1/login/get_token", user=user, body={})).status == 404
    assert (await send("GET", "/_matrix/media/v3/preview_url", user=user)).refusal == UNRECOGNIZED
    name = f"{CLIENT}/profile/{quote(user.user_id)}/displayname"
    assert (await send("PUT", name, user=user, body={"displayname": "x"})).refusal == FORBIDDEN


def server(sandbox: Sandbox, origin: str, target: str) -> RawServer:
    """Signs as `origin`."""
    key = sandbox.layout.homeserver(origin) / "signing.key"
    return RawServer(origin, key, target, sandbox.homeserver(target).client_url, sandbox.http)


async def status(raw: RawServer, method: str, path: str, body: Any = None) -> int:
    """Status of a signed request."""
    return (await raw.request(method, path, body)).status
