"""Requests that matrix-nio has no method for, and its error values turned into exceptions."""

import json
import re
from typing import Any

from nio import AsyncClient, ErrorResponse

from tim_policy.errors import TimError

_ERRCODE = re.compile(r"[A-Za-z0-9_.]{1,64}")
_LONGEST_RETRY_AFTER = 300.0
"""Seconds; no homeserver can silence the bot for longer with one answer."""

UNKNOWN_TOKEN = "M_UNKNOWN_TOKEN"  # noqa: S105 - a name, no secret


def is_final(status: int) -> bool:
    """Whether asking again after this HTTP status is pointless."""
    return 400 <= status < 500 and status not in {401, 408, 429}  # noqa: PLR2004 - HTTP


class RequestFailed(TimError):
    """The homeserver refused a request.

    Args:
        status: HTTP status.
        errcode: Matrix error code; empty when the answer was not a Matrix error.
        retry_after: seconds after which the homeserver wants to be asked again; None: it did not say.
    """

    def __init__(self, status: int, errcode: str, retry_after: float | None = None) -> None:
        self.errcode = errcode if _ERRCODE.fullmatch(errcode) else ""  # it goes into logs, and is foreign text
        super().__init__(f"the homeserver refused a request (HTTP {status} {self.errcode or 'without errcode'})")
        self.status = status
        self.retry_after = retry_after

    @property
    def is_final(self) -> bool:
        """Whether asking again is pointless."""
        return is_final(self.status)


class DeviceUnusable(TimError):
    """Going on with this device is pointless, and the bot must not make itself another one."""


class KeysRolledBack(DeviceUnusable):
    """The crypto store is an old one: it makes one-time keys anew that the homeserver has had before (N11)."""

    def __init__(self) -> None:
        super().__init__(
            "crypto.db was restored from a backup, which must never be done: its keys were used since; "
            "run: tim bot new-device --config FILE"
        )


class TokenRevoked(DeviceUnusable):
    """The access token is not valid any more; the bot must not log in again on its own."""

    def __init__(self) -> None:
        super().__init__(
            "homeserver: the bot's access token is not valid any more (M_UNKNOWN_TOKEN); find out who logged "
            "its device out, then run: tim bot new-device --config FILE"
        )


def retry_after(answer: dict[str, Any]) -> float | None:
    """Seconds of `retry_after_ms` (client-server API, rate limiting); None without a sensible value."""
    milliseconds = answer.get("retry_after_ms")
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or milliseconds < 0:
        return None
    return min(milliseconds / 1000, _LONGEST_RETRY_AFTER)


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
        raise RequestFailed(status, str(answer.get("errcode", "")), retry_after(answer))
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
        raise RequestFailed(response.status, str(answer.get("errcode", "")), retry_after(answer))
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
    raise RequestFailed(status, response.status_code or "", retry_after({"retry_after_ms": response.retry_after_ms}))
