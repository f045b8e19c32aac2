"""The ways to a token, and what happens to it."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.directory.conftest import OURS, SECRET, SERVER, Scripted, url_of
from tim_directory.authentication import as_matrix_account, as_owner, as_provider
from tim_directory.errors import Garbage, Unauthorised
from tim_directory.owner_token import OwnerIdentity
from tim_directory.provider import Domain, ProviderOperations
from tim_directory.search import DirectorySearch, SearchQuery
from tim_directory.tokens import Authorised, Token, Tokens
from tim_directory.transport import Request, Transport
from tim_policy.errors import ConfigError
from tim_sandbox.pki import make_component_ca, make_list_signer, make_root

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
DOMAIN = Domain(domain=SERVER, telematik_id="1-20-X", is_insurance=False)


def token_answer(value: str = "t", **more: Any) -> web.Response:
    return web.json_response({"access_token": value, "token_type": "Bearer", "expires_in": 3600} | more)


async def openid() -> str:
    return "openid"


async def test_a_matrix_account_may_search_the_stand_in(vzd: TestServer, http: aiohttp.ClientSession) -> None:
    transport = Transport(http, url_of(vzd))
    provider = Authorised(transport, as_provider(transport, transport, OURS, SECRET))
    await ProviderOperations(provider).add_domain(DOMAIN)
    search = DirectorySearch(Authorised(transport, as_matrix_account(transport, openid, SERVER)))
    assert (await search.find(SearchQuery(text="Praxis am Markt"))).entries


async def test_an_account_outside_the_federation_may_not(vzd: TestServer, http: aiohttp.ClientSession) -> None:
    transport = Transport(http, url_of(vzd))
    search = DirectorySearch(Authorised(transport, as_matrix_account(transport, openid, "fremd.test")))
    with pytest.raises(Unauthorised):
        await search.find(SearchQuery(text="Praxis"))


async def test_a_wrong_secret(vzd: TestServer, http: aiohttp.ClientSession) -> None:
    transport = Transport(http, url_of(vzd))
    provider = ProviderOperations(Authorised(transport, as_provider(transport, transport, OURS, "wrong")))
    with pytest.raises(Unauthorised):
        await provider.domains()


async def test_a_token_is_fetched_once_and_again_before_its_end(scripted: Scripted, transport: Transport) -> None:
    clock = [NOW]
    tokens = as_matrix_account(transport, openid, SERVER, lambda: clock[0])
    scripted.answers = [token_answer("a"), token_answer("b"), token_answer("c")]
    assert (await tokens.get()).value == (await tokens.get()).value == "a"
    clock[0] += timedelta(seconds=3571)
    assert (await tokens.get()).value == "b"
    clock[0] -= timedelta(hours=2)  # the clock was set back
    assert (await tokens.get()).value == "c"


async def test_a_refused_token_is_renewed_once(scripted: Scripted, transport: Transport) -> None:
    directory = Authorised(transport, as_matrix_account(transport, openid, SERVER))
    ok, no = web.json_response(1), web.Response(status=401)
    scripted.answers = [token_answer("a"), no, token_answer("b"), ok]
    assert await directory.ask(Request("search", "GET", "/search/X")) == 1
    scripted.answers = [web.Response(status=401), token_answer("c"), web.Response(status=401)]
    with pytest.raises(Unauthorised):
        await directory.ask(Request("search", "GET", "/search/X"))


async def test_forgetting_leaves_a_newer_token_alone() -> None:
    made = iter(["a", "b"])

    async def fetch() -> Token:
        return Token(next(made), NOW, NOW + timedelta(hours=1))

    tokens = Tokens(fetch, lambda: NOW)
    first = await tokens.get()
    tokens.forget(first)
    second = await tokens.get()
    tokens.forget(first)
    assert await tokens.get() == second


@pytest.mark.parametrize(
    "answer",
    [
        web.json_response({}),
        web.json_response([]),
        token_answer(""),
        token_answer("ä"),
        token_answer("a\r\nX: y"),
        web.json_response({"access_token": 5}),
        web.Response(status=204),
    ],
)
async def test_garbage_is_no_token(scripted: Scripted, transport: Transport, answer: web.Response) -> None:
    scripted.answers = [answer]
    with pytest.raises(Garbage):
        await as_matrix_account(transport, openid, SERVER).get()


@pytest.mark.parametrize("life", [0, -1, True, "3600", 10**12, None])
async def test_a_strange_life_is_the_specified_one(scripted: Scripted, transport: Transport, life: Any) -> None:
    scripted.answers = [token_answer(expires_in=life)]
    token = await as_matrix_account(transport, openid, SERVER, lambda: NOW).get()
    assert token.expires_at == NOW + timedelta(days=1)


def test_a_token_is_not_printed() -> None:
    assert "secret" not in repr(Token("secret", NOW, NOW))


async def test_the_proof_of_an_owner(scripted: Scripted, transport: Transport) -> None:
    ca = make_component_ca(make_root())
    signer = make_list_signer(ca)
    identity = OwnerIdentity("https://rd.example", (signer.certificate, ca.certificate), signer.private_key)
    scripted.answers = [token_answer()]
    headers: list[str] = []

    async def note(request: web.Request) -> web.Response:
        headers.append(request.headers["Authorization"])
        return token_answer()

    scripted.answers = [note]
    await as_owner(transport, identity, "1-20-X", lambda: NOW).get()
    header, claims, signature = headers[0].removeprefix("Bearer ").split(".")
    assert _json(header)["alg"] == "BP256R1"
    assert len(_json(header)["x5c"]) == 2
    said = _json(claims)
    assert (said["idNummer"], said["iss"], said["iat"]) == ("1-20-X", "https://rd.example", NOW.timestamp())
    assert said["aud"] == f"{transport.url}/owner-authenticate"
    assert 0 < said["exp"] - said["iat"] <= 300
    raw = _bytes(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = signer.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(der, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


def test_certificate_and_key_belong_together() -> None:
    ca = make_component_ca(make_root())
    one, other = make_list_signer(ca), make_list_signer(ca)
    with pytest.raises(ConfigError, match="does not belong to the key"):
        OwnerIdentity("https://rd.example", (one.certificate,), other.private_key)
    with pytest.raises(ConfigError, match="brainpool"):
        OwnerIdentity("https://rd.example", (one.certificate,), ec.generate_private_key(ec.SECP256R1()))


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "==")


def _json(part: str) -> Any:
    return json.loads(_bytes(part))
