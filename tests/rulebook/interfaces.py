"""Calls of gematik's client interfaces."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

ODD_TOKENS = {"not ASCII": "ä", "trips Synapse's parser of guest tokens": "#", "also trips it": ">M>w="}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `body` is JSON or another text, None when there is none."""

    status: int
    body: Any
    headers: Mapping[str, str]


async def openid_token(user: MatrixUser) -> str:
    path = f"/_matrix/client/v3/user/{quote(user.user_id)}/openid/request_token"
    answer = await user.request("POST", path, {})
    assert answer.status == 200, answer
    return str(answer.body["access_token"])


async def call(
    sandbox: Sandbox,
    server_name: str,
    request: str,
    token: str | None = None,
    *,
    json: Any = None,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request, written as `GET /path`."""
    method, path = request.split(" ", 1)
    sent = dict(headers or {}) | ({} if token is None else {"Authorization": f"Bearer {token}"})
    url = sandbox.homeserver(server_name).client_url + path
    arguments: dict[str, Any] = {"data": data} if data is not None else {"json": json}
    async with sandbox.http.request(method, url, headers=sent, **arguments) as response:
        text = await response.text()
        is_json = response.content_type == "application/json"
        return Reply(response.status, await response.json() if is_json else text or None, response.headers)


def assert_error(reply: Reply, status: int) -> None:
    """The interfaces' error object, and nothing else."""
    assert reply.status == status, reply
    assert reply.body.keys() == {"errorCode", "errorMessage"}
    assert all(isinstance(value, str) and value for value in reply.body.values())


def assert_empty(reply: Reply, status: int) -> None:
    assert (reply.status, reply.body) == (status, None), reply


def without_access(user: MatrixUser) -> dict[str, str]:
    """What is no OpenID token, by what it is."""
    return {"garbage": "nonsense", "access token": user.access_token, "empty": "", "long": "a" * 5_000} | ODD_TOKENS
