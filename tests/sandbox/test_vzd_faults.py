"""Faults of the stand-in, on demand."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tim_sandbox.pki import make_list_pki
from tim_sandbox.pki_files import write_list_pki
from tim_sandbox.state import write_secret
from tim_sandbox.vzd.app import Vzd
from tim_sandbox.vzd.config import CONFIG_FILE, VzdConfig
from tim_sandbox.vzd.faults import FAULTS_PATH, Fault

Client = TestClient[Request, Application]

SERVICES = "/tim-provider-services"
LIST = f"{SERVICES}/FederationList/federationList.jws"
OURS = {"Authorization": "Bearer our-token"}
PRAXIS = {"domain": "praxis.tim.test", "telematikID": "1-20-X", "isInsurance": False}
PKI = make_list_pki()


@pytest_asyncio.fixture
async def vzd(tmp_path: Path) -> AsyncIterator[Client]:
    write_list_pki(PKI, tmp_path / "pki")
    config = VzdConfig(provider_tokens={"ours": "our-token"}, homeserver_urls={}, pki_directory=tmp_path / "pki")
    write_secret(tmp_path / CONFIG_FILE, config.model_dump_json())
    async with TestClient(TestServer(Vzd(tmp_path).application())) as client:
        yield client


async def switch(vzd: Client, method: str, fault: str) -> int:
    return (await vzd.request(method, f"{FAULTS_PATH}/{fault}", headers=OURS)).status


async def signed_list(vzd: Client) -> tuple[int, bool]:
    """Version, and whether the signature is right."""
    body = await (await vzd.get(LIST)).read()
    signing_input, _, signature = body.rpartition(b".")
    raw = base64.urlsafe_b64decode(signature + b"==")
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    payload = base64.urlsafe_b64decode(signing_input.split(b".")[1] + b"==")
    try:
        PKI.signer.private_key.public_key().verify(der, signing_input, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return json.loads(payload)["version"], False
    return json.loads(payload)["version"], True


async def test_only_a_provider_switches_and_only_what_there_is(vzd: Client) -> None:
    assert (await vzd.put(f"{FAULTS_PATH}/slow")).status == 401
    assert await switch(vzd, "PUT", "earthquake") == 404
    assert await (await vzd.get(FAULTS_PATH, headers=OURS)).json() == []


async def test_it_is_unavailable_until_switched_off(vzd: Client) -> None:
    assert await switch(vzd, "PUT", Fault.UNAVAILABLE) == 204
    assert await (await vzd.get(FAULTS_PATH, headers=OURS)).json() == ["unavailable"]
    assert (await vzd.get(LIST)).status == 503
    assert await switch(vzd, "DELETE", Fault.UNAVAILABLE) == 204
    assert (await vzd.get(LIST)).status == 200


async def test_garbage_is_no_json(vzd: Client) -> None:
    await switch(vzd, "PUT", Fault.GARBAGE)
    answer = await vzd.get("/search/HealthcareService")
    assert answer.status == 200
    with pytest.raises(ValueError, match="utf-8"):
        json.loads(await answer.read())


async def test_a_slow_directory_keeps_its_callers_waiting(vzd: Client) -> None:
    await switch(vzd, "PUT", Fault.SLOW)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(vzd.get(LIST), 0.5)
    await switch(vzd, "DELETE", Fault.SLOW)
    assert (await vzd.get(LIST)).status == 200


async def test_a_wrong_signature_is_on_the_right_list(vzd: Client) -> None:
    version, is_right = await signed_list(vzd)
    assert is_right
    await switch(vzd, "PUT", Fault.WRONG_SIGNATURE)
    assert await signed_list(vzd) == (version, False)


async def test_a_stale_list_ignores_changes(vzd: Client) -> None:
    version, _ = await signed_list(vzd)
    await switch(vzd, "PUT", Fault.STALE_LIST)
    assert (await vzd.post(f"{SERVICES}/federation", json=PRAXIS, headers=OURS)).status == 200
    assert await signed_list(vzd) == (version, True)
    await switch(vzd, "DELETE", Fault.STALE_LIST)
    assert await signed_list(vzd) == (version + 1, True)
