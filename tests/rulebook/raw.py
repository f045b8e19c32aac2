"""Requests as nobody's client library would send them."""

from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox


@dataclass(frozen=True)
class RawAnswer:
    """Status, error code (None: there is none), headers and body."""

    status: int
    errcode: str | None
    headers: Any
    body: Any

    @property
    def refusal(self) -> tuple[int, str | None]:
        """Status and error code."""
        return self.status, self.errcode


@dataclass(frozen=True)
class Raw:
    """Sends requests to one homeserver.

    Args:
        http: sends them.
        base: URL without path.
    """

    http: aiohttp.ClientSession
    base: str

    async def __call__(
        self, method: str, path: str, *, user: MatrixUser | None = None, token: str | None = None, body: Any = None
    ) -> RawAnswer:
        """Send `path` as it stands; `body` is bytes, or JSON."""
        token = user.access_token if user is not None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        url = URL(self.base + path, encoded=True)
        async with self.http.request(method, url, headers=headers, allow_redirects=False, **sent) as answer:
            is_json = answer.content_type == "application/json" and method != "HEAD"
            content = await answer.json() if is_json else None
            errcode = content.get("errcode") if isinstance(content, dict) else None
            return RawAnswer(answer.status, errcode, answer.headers, content)


def raw_to(sandbox: Sandbox, server_name: str) -> Raw:
    """Sends requests to a homeserver of the sandbox."""
    return Raw(sandbox.http, sandbox.homeserver(server_name).client_url)
