"""The stand-in VZD's token steps and its OCSP responder."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from tim_sandbox.pki import ListPki, make_list_pki
from tim_sandbox.pki_files import write_list_pki
from tim_sandbox.state import write_secret
from tim_sandbox.vzd.app import Vzd
from tim_sandbox.vzd.authorisation import AUTHENTICATE_PATH, PROVIDER_LIFETIME, TI_PROVIDER_LIFETIME, TOKEN_PATH
from tim_sandbox.vzd.config import CONFIG_FILE, VzdConfig

Client = TestClient[Request, Application]

LIST = "/tim-provider-services/FederationList/federationList.jws"
PKI = make_list_pki()
GRANT = {"grant_type": "client_credentials"}


class Clock:
    now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest_asyncio.fixture
async def vzd(tmp_path: Path) -> AsyncIterator[tuple[Client, Clock]]:
    write_list_pki(PKI, tmp_path / "pki")
    config = VzdConfig(
        provider_tokens={"ours": "secret"},
        homeserver_urls={},
        pki_directory=tmp_path / "pki",
        is_list_protected=True,
    )
    write_secret(tmp_path / CONFIG_FILE, config.model_dump_json())
    clock = Clock()
    async with TestClient(TestServer(Vzd(tmp_path, clock).application())) as client:
        yield client, clock


def basic(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"ours:{secret}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_credentials_buy_a_token_which_buys_the_list(vzd: tuple[Client, Clock]) -> None:
    client, clock = vzd
    assert (await client.get(LIST)).status == 401
    assert (await client.post(TOKEN_PATH, data=GRANT, headers=basic("wrong"))).status == 401
    assert (await client.post(TOKEN_PATH, data={}, headers=basic("secret"))).status == 400
    first: Any = await (await client.post(TOKEN_PATH, data=GRANT, headers=basic("secret"))).json()
    assert first["expires_in"] == 300
    assert (await client.get(LIST, headers=bearer(first["access_token"]))).status == 401
    second: Any = await (await client.get(AUTHENTICATE_PATH, headers=bearer(first["access_token"]))).json()
    assert second["expires_in"] == 86_400
    assert (await client.get(LIST, headers=bearer(second["access_token"]))).status == 200
    clock.now += TI_PROVIDER_LIFETIME + timedelta(seconds=1)
    assert (await client.get(AUTHENTICATE_PATH, headers=bearer(first["access_token"]))).status == 401
    assert (await client.get(LIST, headers=bearer(second["access_token"]))).status == 200
    clock.now += PROVIDER_LIFETIME
    assert (await client.get(LIST, headers=bearer(second["access_token"]))).status == 401


async def status_of(client: Client, pki: ListPki = PKI) -> ocsp.OCSPCertStatus | ocsp.OCSPResponseStatus:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        pki.signer.certificate,
        pki.component_ca.certificate,
        hashes.SHA1(),  # noqa: S303 - the usual certificate id hash
    )
    body = builder.build().public_bytes(serialization.Encoding.DER)
    answer = await client.post("/ocsp", data=body)
    response = ocsp.load_der_ocsp_response(await answer.read())
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return response.response_status
    return response.certificate_status


async def test_a_certificate_can_be_revoked_and_reinstated_by_a_provider(vzd: tuple[Client, Clock]) -> None:
    client, _ = vzd
    switch = "/sandbox/revocation/signer"
    assert await status_of(client) is ocsp.OCSPCertStatus.GOOD
    assert (await client.put(switch)).status == 401
    assert (await client.put(switch, headers=bearer("secret"))).status == 204
    assert await status_of(client) is ocsp.OCSPCertStatus.REVOKED
    assert (await client.delete(switch, headers=bearer("secret"))).status == 204
    assert await status_of(client) is ocsp.OCSPCertStatus.GOOD
    assert (await client.put("/sandbox/revocation/nobody", headers=bearer("secret"))).status == 404


async def test_strangers_are_not_vouched_for(vzd: tuple[Client, Clock]) -> None:
    client, _ = vzd
    assert await status_of(client, make_list_pki()) is ocsp.OCSPResponseStatus.UNAUTHORIZED
    answer = await client.post("/ocsp", data=b"no request")
    malformed = ocsp.load_der_ocsp_response(await answer.read())
    assert malformed.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
