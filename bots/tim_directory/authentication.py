"""The three ways to a token: as a Matrix account, as an organisation, as a TI-M provider (rulebook 2.1 and 9.3)."""

import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import quote

from tim_directory.owner_token import OwnerIdentity, sign_owner_token
from tim_directory.tokens import Authorised, Clock, Token, Tokens, read_token, utc_now
from tim_directory.transport import Request, Transport

TIM_AUTHENTICATE = "/tim-authenticate"
OWNER_AUTHENTICATE = "/owner-authenticate"
PROVIDER_AUTHENTICATE = "/ti-provider-authenticate"
CLIENT_CREDENTIALS = "/auth/realms/TI-Provider/protocol/openid-connect/token"

DAY = timedelta(seconds=86_400)
TI_PROVIDER_LIFETIME = timedelta(seconds=300)

AskOpenId = Callable[[], Awaitable[str]]
"""Gets an OpenID token of the homeserver: POST /_matrix/client/v3/user/{userId}/openid/request_token."""


def as_matrix_account(transport: Transport, ask_openid: AskOpenId, server_name: str, now: Clock = utc_now) -> Tokens:
    """Tokens for searches, for whoever has an account on a server of the federation (I_VZD_TIM_Authenticate).

    Args:
        transport: the directory.
        ask_openid: returns the `access_token` of a fresh OpenID token.
        server_name: of the account, as on the federation list.
        now: the clock.
    """

    async def fetch() -> Token:
        openid, issued_at = await ask_openid(), now()
        headers = {"X-Matrix-OpenID-Token": openid}
        request = Request("tim-authenticate", "GET", TIM_AUTHENTICATE, [("mxId", server_name)], headers)
        return read_token("tim-authenticate", await transport.ask(request), issued_at, DAY)

    return Tokens(fetch, now)


def as_owner(transport: Transport, identity: OwnerIdentity, telematik_id: str, now: Clock = utc_now) -> Tokens:
    """Tokens for an organisation's own entries (I_VZD_Owner), proven by a token of the registration service.

    Args:
        transport: the directory.
        identity: of the registration service.
        telematik_id: of the organisation.
        now: the clock.
    """

    async def fetch() -> Token:
        issued_at = now()
        proof = sign_owner_token(identity, telematik_id, transport.url + OWNER_AUTHENTICATE, issued_at)
        headers = {"Authorization": f"Bearer {proof}"}
        answer = await transport.ask(Request("owner-authenticate", "GET", OWNER_AUTHENTICATE, headers=headers))
        return read_token("owner-authenticate", answer, issued_at, DAY)

    return Tokens(fetch, now)


def as_provider(
    transport: Transport, auth: Transport, client_id: str, client_secret: str, now: Clock = utc_now
) -> Tokens:
    """Tokens for a TI-M provider's operations: client credentials buy one that buys another (rulebook 2.1).

    Args:
        transport: the directory.
        auth: the token service.
        client_id, client_secret: of the provider.
        now: the clock.
    """

    async def client_credentials() -> Token:
        issued_at = now()
        client = ":".join(quote(part, safe="") for part in (client_id, client_secret))  # RFC 6749 section 2.3.1
        headers = {"Authorization": f"Basic {base64.b64encode(client.encode()).decode()}"}
        form = {"grant_type": "client_credentials"}
        request = Request("token service", "POST", CLIENT_CREDENTIALS, headers=headers, form=form)
        return read_token("token service", await auth.ask(request), issued_at, TI_PROVIDER_LIFETIME)

    first = Authorised(transport, Tokens(client_credentials, now))

    async def fetch() -> Token:
        issued_at = now()
        answer = await first.ask(Request("ti-provider-authenticate", "GET", PROVIDER_AUTHENTICATE))
        return read_token("ti-provider-authenticate", answer, issued_at, DAY)

    return Tokens(fetch, now)


def with_fixed_token(value: str, now: Clock = utc_now) -> Tokens:
    """A token that was got elsewhere."""

    async def fetch() -> Token:
        return Token(value, now(), now() + DAY)

    return Tokens(fetch, now)
