"""What the sandbox itself asks of a homeserver: is it up, and create these accounts."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

import aiohttp

from tim_sandbox.errors import RequestRefused
from tim_sandbox.state import HomeserverState, UserState

_REGISTER = "/_synapse/admin/v1/register"
_TIMEOUT = aiohttp.ClientTimeout(total=60)
_OK = 200
_LIST_VERSION = re.compile(r"^tim_gate_list_version(?:\{.*\})? (?P<version>\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `body` is the JSON in it, None when there is none."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class MatrixUser:
    """A logged-in account."""

    user_id: str
    access_token: str
    homeserver: "HomeserverClient"

    async def request(self, method: str, path: str, body: Any = None) -> Answer:
        """Call the client-server API as this user; `path` starts with `/_matrix/` and is already encoded."""
        return await self.homeserver.request(method, path, body, access_token=self.access_token)


class HomeserverClient:
    """Speaks to one homeserver of the sandbox on its client port."""

    def __init__(self, http: aiohttp.ClientSession, state: HomeserverState) -> None:
        self._http = http
        self.state = state

    @property
    def client_url(self) -> str:
        """Base URL for Matrix clients."""
        return self.state.client_url

    async def request(self, method: str, path: str, body: Any = None, *, access_token: str | None = None) -> Answer:
        """One HTTP request; never raises for a status."""
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        url = self.client_url + path
        async with self._http.request(method, url, json=body, headers=headers, timeout=_TIMEOUT) as response:
            is_json = response.content_type == "application/json"
            return Answer(response.status, await response.json() if is_json else None)

    async def is_healthy(self) -> bool:
        """Whether it answers `/health`."""
        try:
            return (await self.request("GET", "/health")).status == _OK
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def metrics(self) -> str:
        """Synapse's metrics in the text format of Prometheus."""
        async with self._http.get(f"{self.client_url}/_synapse/metrics", timeout=_TIMEOUT) as response:
            return await response.text()

    async def list_version(self) -> int:
        """Version of the federation list that tim_synapse enforces here; 0: none, or no such module."""
        match = _LIST_VERSION.search(await self.metrics())
        return int(float(match["version"])) if match else 0

    async def ensure_user(self, user: UserState) -> None:
        """Create the account unless it exists; leaves no device behind."""
        answer = await self._register(_localpart(user), user.password, user.display_name, is_admin=user.is_admin)
        if not isinstance(answer.body, dict) or answer.body.get("errcode") != "M_USER_IN_USE":
            _require_ok("create user", answer)

    async def new_user(
        self, localpart: str, password: str, *, display_name: str | None = None, is_admin: bool = False
    ) -> MatrixUser:
        """Create an account and log it in.

        Raises:
            RequestRefused: e.g. the name is taken.
        """
        _require_ok(
            "create user", await self._register(localpart, password, display_name or localpart, is_admin=is_admin)
        )
        return await self.login(localpart, password)

    async def login(self, localpart: str, password: str) -> MatrixUser:
        """Log in with a new device.

        Raises:
            RequestRefused: wrong password.
        """
        body = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": localpart},
            "password": password,
        }
        answer = _require_ok("login", await self.request("POST", "/_matrix/client/v3/login", body))
        return MatrixUser(answer["user_id"], answer["access_token"], self)

    async def _register(self, localpart: str, password: str, display_name: str, *, is_admin: bool) -> Answer:
        nonce = _require_ok("create user", await self.request("GET", _REGISTER))["nonce"]
        kind = "admin" if is_admin else "notadmin"
        message = f"{nonce}\x00{localpart}\x00{password}\x00{kind}".encode()
        # HMAC-SHA1 is what Synapse's shared-secret registration specifies.
        mac = hmac.new(self.state.registration_shared_secret.encode(), message, hashlib.sha1)
        body = {
            "nonce": nonce,
            "username": localpart,
            "displayname": display_name,
            "password": password,
            "admin": is_admin,
            "mac": mac.hexdigest(),
            "inhibit_login": True,
        }
        return await self.request("POST", _REGISTER, body)


def _localpart(user: UserState) -> str:
    return user.user_id[1:].partition(":")[0]


def _require_ok(what: str, answer: Answer) -> Any:
    if answer.status != _OK:
        code = answer.body.get("errcode") if isinstance(answer.body, dict) else None
        raise RequestRefused(f"{what}: the homeserver answered {answer.status} {code or ''}".rstrip())
    return answer.body
