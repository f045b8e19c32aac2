"""Requests that matrix-nio has no method for, and its error values turned into exceptions."""

import json
from typing import Any

from nio import AsyncClient, ErrorResponse

from tim_policy.errors import TimError

UNKNOWN_TOKEN = "M_UNKNOWN_TOKEN"  # noqa: S105 - a name, no secret


def is_final(status: int) -> bool:
    """Whether asking again after this HTTP status is pointless."""
    return 400 <= status < 500 and status not in {401, 408, 429}  # noqa: PLR2004 - HTTP


class RequestFailed(TimError):
    """The homeserver refused a request.

    Args:
        status: HTTP status.
        errcode: Matrix error code; empty when the answer was not a Matrix error.
    """

    def __init__(self, status: int, errcode: str) -> None:
        super().__init__(f"the homeserver refused a request (HTTP {status} {errcode or 'without errcode'})")
        self.status = status
        self.errcode = errcode

    @property
    def is_final(self) -> bool:
        """Whether asking again is pointless."""
        return is_final(self.status)


class TokenRevoked(TimError):
    """The access token is not valid any more; the bot must not log in again on its own."""

    def __init__(self) -> None:
        super().__init__(
            "homeserver: the bot's access token is not valid any more (M_UNKNOWN_TOKEN); find out who logged "
            "its device out, then run: tim bot new-device --config FILE"
        )


async def call(
    client: AsyncClient, method: str, path: str, body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    """One request with the client's token.

    Returns:
        HTTP status and the JSON object ({} when the body is none).

    Raises:
        TokenRevoked: the token is not valid any more.
    """
    response = await client.send(
        method,
        path,
        None if body is None else json.dumps(body),
        headers={"Authorization": f"Bearer {client.access_token}", "Content-Type": "application/json"},
    )
    answer = await client.parse_body(response)
    answer = answer if isinstance(answer, dict) else {}
    if answer.get("errcode") == UNKNOWN_TOKEN:
        raise TokenRevoked
    return response.status, answer


async def demand(client: AsyncClient, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request that must succeed.

    Raises:
        TokenRevoked, RequestFailed: it did not.
    """
    status, answer = await call(client, method, path, body)
    if status >= 300:  # noqa: PLR2004 - HTTP
        raise RequestFailed(status, str(answer.get("errcode", "")))
    return answer


async def upload(client: AsyncClient, ciphertext: bytes) -> str:
    """Put an encrypted file into the media repository.

    Returns:
        Its `mxc://` URI.

    Raises:
        TokenRevoked, RequestFailed: the homeserver refused.
    """
    response = await client.send(
        "POST",
        "/_matrix/media/v3/upload",
        ciphertext,
        headers={
            "Authorization": f"Bearer {client.access_token}",
            "Content-Type": "application/octet-stream",
        },
    )
    answer = await client.parse_body(response)
    if answer.get("errcode") == UNKNOWN_TOKEN:
        raise TokenRevoked
    if "content_uri" not in answer:
        raise RequestFailed(response.status, str(answer.get("errcode", "")))
    return str(answer["content_uri"])


def ok(response: Any) -> Any:
    """Pass a nio response through.

    Raises:
        TokenRevoked, RequestFailed: it is one of nio's error values.
    """
    if not isinstance(response, ErrorResponse):
        return response
    if response.status_code == UNKNOWN_TOKEN:
        raise TokenRevoked
    status = response.transport_response.status if response.transport_response else 0
    raise RequestFailed(status, response.status_code or "")
