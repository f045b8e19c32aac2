"""Who a provider is: client credentials, the ti-provider token they buy, and the provider access token that buys."""

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from aiohttp import web

from tim_sandbox.vzd.registry import Refusal

TOKEN_PATH = "/auth/realms/TI-Provider/protocol/openid-connect/token"  # noqa: S105 - a path
AUTHENTICATE_PATH = "/ti-provider-authenticate"
TI_PROVIDER_LIFETIME = timedelta(seconds=300)
PROVIDER_LIFETIME = timedelta(seconds=86_400)


@dataclass(frozen=True, slots=True)
class _Issued:
    provider: str
    expiry: datetime


class Authorisation:
    """Issued tokens, in memory only: a restart ends them all.

    Args:
        static: token by provider; works as bearer token of the provider operations without the steps, and is the
            secret of the client whose id is the provider's name.
        now: the clock; timezone-aware.
    """

    def __init__(self, static: Mapping[str, str], now: Callable[[], datetime]) -> None:
        self._static = static
        self._now = now
        self._ti_provider: dict[str, _Issued] = {}
        self._provider: dict[str, _Issued] = {}

    def add_routes(self, app: web.Application) -> None:
        """The two steps over HTTP."""
        app.router.add_post(TOKEN_PATH, self.token)
        app.router.add_get(AUTHENTICATE_PATH, self.authenticate)

    async def token(self, request: web.Request) -> web.Response:
        """Step 1: `grant_type=client_credentials` with Basic authentication (RFC 6749 section 4.4)."""
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        client_id, secret = _basic(request)
        expected = self._static.get(client_id)
        if expected is None or not secrets.compare_digest(secret.encode(), expected.encode()):
            return web.json_response({"error": "invalid_client"}, status=401)
        return self._issue(self._ti_provider, client_id, TI_PROVIDER_LIFETIME)

    async def authenticate(self, request: web.Request) -> web.Response:
        """Step 2: `GET /ti-provider-authenticate` with the token of step 1."""
        provider = self._holder(self._ti_provider, bearer(request))
        if provider is None:
            raise Refusal(401, "a ti-provider access token is required")
        return self._issue(self._provider, provider, PROVIDER_LIFETIME)

    def provider(self, request: web.Request) -> str:
        """The provider that asks.

        Raises:
            Refusal: 401 the token is unknown or has expired.
        """
        token = bearer(request)
        for provider, expected in self._static.items():
            if secrets.compare_digest(token.encode(), expected.encode()):
                return provider
        provider_of_token = self._holder(self._provider, token)
        if provider_of_token is None:
            raise Refusal(401, "a provider access token is required")
        return provider_of_token

    def _issue(self, tokens: dict[str, _Issued], provider: str, lifetime: timedelta) -> web.Response:
        now = self._now()
        for token in [token for token, issued in tokens.items() if issued.expiry <= now]:
            del tokens[token]
        token = secrets.token_urlsafe(32)
        tokens[token] = _Issued(provider, now + lifetime)
        body = {"access_token": token, "token_type": "Bearer", "expires_in": int(lifetime.total_seconds())}
        return web.json_response(body)

    def _holder(self, tokens: Mapping[str, _Issued], token: str) -> str | None:
        issued = tokens.get(token)
        return None if issued is None or issued.expiry <= self._now() else issued.provider


def bearer(request: web.Request) -> str:
    """The bearer token; empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _basic(request: web.Request) -> tuple[str, str]:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote(client_id), unquote(secret)
