"""The stand-in VZD over HTTP."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.pki import make_list_pki
from tim_sandbox.pki_files import write_list_pki
from tim_sandbox.running import Sandbox
from tim_sandbox.state import write_secret
from tim_sandbox.vzd.app import STORE_FILE, Vzd
from tim_sandbox.vzd.config import CONFIG_FILE, VzdConfig
from tim_sandbox.vzd.store import Store
from tim_sandbox.vzd.tokens import LIFETIME, SearchTokens

Client = TestClient[Request, Application]
NewUser = Callable[[str], Awaitable[MatrixUser]]

SERVICES = "/tim-provider-services"
LIST = f"{SERVICES}/FederationList/federationList.jws"
OURS = {"Authorization": "Bearer our-token"}
THEIRS = {"Authorization": "Bearer their-token"}
PRAXIS = {"domain": "praxis.tim.test", "telematikID": "1-20-X", "isInsurance": False}
KASSE = {"domain": "kasse.tim.test", "telematikID": "8-01-X", "isInsurance": True, "ik": ["109500969"]}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_list_pki(make_list_pki(), tmp_path / "pki")
    config = VzdConfig(
        provider_tokens={"ours": "our-token", "theirs": "their-token"},
        homeserver_urls={"praxis.tim.test": "http://127.0.0.1:1"},
        pki_directory=tmp_path / "pki",
    )
    write_secret(tmp_path / CONFIG_FILE, config.model_dump_json())
    return tmp_path


@pytest_asyncio.fixture
async def vzd(directory: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(Vzd(directory).application())) as client:
        yield client


async def test_it_says_loudly_that_it_is_not_the_real_one(vzd: Client) -> None:
    answer = await vzd.get(f"{SERVICES}/")
    assert (await answer.json())["description"] == "SANDBOX - not gematik's VZD"
    assert answer.headers["Server"] == "SANDBOX - not gematik's VZD"


async def test_the_list_is_served_once_per_version(vzd: Client) -> None:
    answer = await vzd.get(LIST)
    assert answer.status == 200
    assert answer.content_type == "application/octet-stream"
    version = _payload(await answer.read())["version"]
    assert (await vzd.get(LIST, params={"version": version})).status == 204
    assert (await vzd.get(LIST, params={"version": version + 1})).status == 204
    assert (await vzd.get(LIST, params={"version": version - 1})).status == 200


@pytest.mark.parametrize("alg", ["BP256R1", "ES256"])
async def test_the_caller_chooses_the_algorithm(vzd: Client, alg: str) -> None:
    jws = await (await vzd.get(LIST, params={"sigAlg": alg})).read()
    assert _json(jws.split(b".")[0])["alg"] == alg


@pytest.mark.parametrize("query", ["version=latest", "version=", "sigAlg=none", "sigAlg="])
async def test_bad_parameters_are_refused(vzd: Client, query: str) -> None:
    answer = await vzd.get(f"{LIST}?{query}")
    assert answer.status == 400
    assert (await answer.json())["errors"][0]["attributeName"] == query.partition("=")[0]


async def test_every_change_of_a_domain_is_a_new_version(vzd: Client) -> None:
    before = await _list(vzd)
    assert (await vzd.post(f"{SERVICES}/federation", json=PRAXIS, headers=OURS)).status == 200
    added = await _list(vzd)
    assert added["version"] == before["version"] + 1
    assert added["domainList"] == [{**PRAXIS, "timAnbieter": "ours"}]

    moved = {**PRAXIS, "telematikID": "1-20-Y", "redirectDomains": ["alt.tim.test"]}
    assert (await vzd.put(f"{SERVICES}/federation/praxis.tim.test", json=moved, headers=OURS)).status == 200
    changed = await _list(vzd)
    assert changed["version"] == added["version"] + 1
    assert changed["domainList"] == [{**PRAXIS, "telematikID": "1-20-Y", "timAnbieter": "ours"}]

    assert (await vzd.delete(f"{SERVICES}/federation/praxis.tim.test", headers=OURS)).status == 204
    assert await _list(vzd) == {"version": changed["version"] + 1, "domainList": []}


async def test_the_list_survives_a_restart(vzd: Client, directory: Path) -> None:
    await vzd.post(f"{SERVICES}/federation", json=KASSE, headers=OURS)
    before = await _list(vzd)
    async with TestClient(TestServer(Vzd(directory).application())) as restarted:
        assert await _list(restarted) == before


async def test_a_provider_sees_its_own_domains(vzd: Client) -> None:
    await vzd.post(f"{SERVICES}/federation", json=PRAXIS, headers=OURS)
    await vzd.post(f"{SERVICES}/federation", json=KASSE, headers=THEIRS)
    answer = await vzd.get(f"{SERVICES}/federation", headers=OURS)
    assert [domain["domain"] for domain in await answer.json()] == ["praxis.tim.test"]


@pytest.mark.parametrize(
    ("request_", "headers", "status"),
    [
        (("POST", "", PRAXIS), {}, 401),
        (("POST", "", PRAXIS), {"Authorization": "Bearer wrong"}, 401),
        (("POST", "", PRAXIS), {"Authorization": "Basic our-token"}, 401),
        (("POST", "", {"domain": "x.test"}), OURS, 400),
        (("POST", "", {**PRAXIS, "domain": ""}), OURS, 400),
        (("POST", "", {**KASSE, "ik": None}), OURS, 400),
        (("POST", "", {**KASSE, "ik": []}), OURS, 400),
        (("POST", "", {**KASSE, "ik": ["1"]}), OURS, 400),
        (("POST", "", {**PRAXIS, "ik": KASSE["ik"]}), OURS, 400),
        (("POST", "", ["not", "an", "object"]), OURS, 400),
        (("POST", "", {**KASSE, "domain": "neu.tim.test"}), OURS, 409),
        (("POST", "", KASSE), OURS, 409),
        (("PUT", "/kasse.tim.test", {**KASSE, "domain": "other.test"}), THEIRS, 400),
        (("PUT", "/kasse.tim.test", KASSE), OURS, 403),
        (("PUT", "/unknown.test", PRAXIS), OURS, 404),
        (("DELETE", "/kasse.tim.test", None), OURS, 403),
        (("DELETE", "/unknown.test", None), OURS, 404),
        (("GET", "?domain=unknown.test", None), OURS, 404),
        (("GET", "?domain=kasse.tim.test", None), OURS, 403),
    ],
)
async def test_a_refused_operation_changes_nothing(
    vzd: Client, request_: tuple[str, str, object], headers: dict[str, str], status: int
) -> None:
    await vzd.post(f"{SERVICES}/federation", json=KASSE, headers=THEIRS)
    before = await _list(vzd)
    method, path, body = request_
    answer = await vzd.request(method, f"{SERVICES}/federation{path}", json=body, headers=headers)
    assert answer.status == status
    assert set(await answer.json()) == {"message", "errors"}
    assert await _list(vzd) == before


async def test_a_body_that_is_not_json_is_refused(vzd: Client) -> None:
    answer = await vzd.post(f"{SERVICES}/federation", data=b"{", headers=OURS)
    assert answer.status == 400


@pytest.mark.parametrize(
    ("mxid", "status", "body"),
    [
        ("matrix:u/termin:praxis.tim.test", 200, "org"),
        ("matrix:u/nobody:praxis.tim.test", 200, "none"),
        ("@termin:praxis.tim.test", 400, None),
    ],
)
async def test_it_knows_in_which_part_an_address_is(vzd: Client, mxid: str, status: int, body: str | None) -> None:
    answer = await vzd.get(f"{SERVICES}/localization", params={"mxid": mxid}, headers=OURS)
    assert answer.status == status
    assert body is None or await answer.json() == body


async def test_it_names_own_domains_of_inactive_organisations(directory: Path) -> None:
    members = {"praxis.tim.test": "1-20-SANDBOX-PRAXIS-AM-MARKT", "kasse.tim.test": "8-01-X"}
    async with TestClient(TestServer(Vzd(directory).application())) as client:
        for domain, telematik_id in members.items():
            body = {"domain": domain, "telematikID": telematik_id, "isInsurance": False}
            assert (await client.post(f"{SERVICES}/federation", json=body, headers=OURS)).status == 200
        assert (await client.get(f"{SERVICES}/federationCheck")).status == 401
        assert (await client.get(f"{SERVICES}/federationCheck", headers=OURS)).status == 204
    store = Store(directory / STORE_FILE)
    organisation = store.organisation("1-20-SANDBOX-PRAXIS-AM-MARKT") or {}
    with store:
        store.put({**organisation, "active": False}, "1-20-SANDBOX-PRAXIS-AM-MARKT")
    store.close()
    async with TestClient(TestServer(Vzd(directory).application())) as client:
        answer = await client.get(f"{SERVICES}/federationCheck", headers=OURS)
        assert [one["domain"] for one in (await answer.json())["inactiveOrganizationDomains"]] == ["praxis.tim.test"]
        assert (await client.get(f"{SERVICES}/federationCheck", headers=THEIRS)).status == 204
        body = {"domain": "neu.tim.test", "telematikID": "1-20-SANDBOX-PRAXIS-AM-MARKT", "isInsurance": False}
        assert (await client.post(f"{SERVICES}/federation", json=body, headers=OURS)).status == 400


@pytest.mark.parametrize("path", ["/search/HealthcareService", "/search/Endpoint", "/fdv/search/HealthcareService"])
async def test_the_directory_is_closed_without_a_token(vzd: Client, path: str) -> None:
    answer = await vzd.get(path, headers={"Authorization": "Bearer our-token"})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_an_unreachable_homeserver_is_not_a_refusal(vzd: Client) -> None:
    await vzd.post(f"{SERVICES}/federation", json=PRAXIS, headers=OURS)
    answer = await vzd.get(
        "/tim-authenticate", params={"mxId": "praxis.tim.test"}, headers={"X-Matrix-OpenID-Token": "x"}
    )
    assert answer.status == 503


def test_a_search_token_ends() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    tokens = SearchTokens(lambda: now)
    token = tokens.issue()
    assert tokens.is_valid(token)
    assert not tokens.is_valid("another")
    now += LIFETIME - timedelta(seconds=1)
    assert tokens.is_valid(token)
    now += timedelta(seconds=1)
    assert not tokens.is_valid(token)


@pytest.mark.parametrize(
    ("domain", "token"),
    [
        ("praxis.tim.test", "wrong"),
        ("praxis.tim.test", ""),
        ("pflege.tim.test", "of praxis"),
        ("fremd.test", "of fremd"),
        ("unknown.test", "of praxis"),
        ("", "of praxis"),
    ],
)
async def test_only_the_homeserver_of_a_member_vouches_for_a_user(
    federation: Sandbox, new_user: NewUser, domain: str, token: str
) -> None:
    if token.startswith("of "):
        token = await _openid_token(await new_user("fremd.test" if "fremd" in token else "praxis.tim.test"))
    assert (await _authenticate(federation, domain, token)).status == 401


@pytest.mark.parametrize(
    ("path", "query", "found"),
    [
        ("HealthcareService", {"name": "markt"}, ["Praxis am Markt"]),
        ("HealthcareService", {"name": " am "}, ["Praxis am Markt", "Apotheke am Brunnen"]),
        ("HealthcareService", {"_text": "apotheke musterstadt"}, ["Apotheke am Brunnen"]),
        ("HealthcareService", {"organization.active": "false"}, []),
        ("HealthcareService", {"organization.identifier": "10-67.245-SANDBOX-SONNENHOF"}, ["Pflegedienst Sonnenhof"]),
        ("HealthcareService", {"organization.identifier": "1-20-UNKNOWN"}, []),
        ("HealthcareService", {"endpoint.address": "matrix:u/termin:praxis.tim.test"}, ["Praxis am Markt"]),
        ("HealthcareService", {"endpoint.status": "off"}, []),
        ("HealthcareService", {"_text": "kardiologie seefeld bachmann praxis"}, ["Praxis Dr. Bachmann Seefeld"]),
        ("Endpoint", {"connection-type": "tim-bot", "name": "termin"}, ["Terminservice Praxis am Markt (Chatbot)"]),
        ("Endpoint", {"status": "active", "name": "klein"}, ["Jonas Klein, Apotheke am Brunnen"]),
        ("Endpoint", {"address": "matrix:u/nobody:praxis.tim.test"}, []),
    ],
)
async def test_a_user_searches_the_directory(
    federation: Sandbox, search_token: str, path: str, query: dict[str, str], found: list[str]
) -> None:
    status, bundle = await _search(federation, search_token, path, query)
    assert status == 200
    assert [entry["resource"]["name"] for entry in bundle["entry"]] == found
    assert bundle["type"] == "searchset"
    assert bundle["total"] == len(found)


async def test_what_belongs_to_a_service_comes_along_when_asked_for(federation: Sandbox, search_token: str) -> None:
    query = [
        ("name", "Praxis am Markt"),
        ("_include", "HealthcareService:organization"),
        ("_include", "HealthcareService:location"),
        ("_include", "HealthcareService:endpoint"),
    ]
    _, bundle = await _search(federation, search_token, "HealthcareService", query)
    assert [(entry["search"]["mode"], entry["resource"]["resourceType"]) for entry in bundle["entry"]] == [
        ("match", "HealthcareService"),
        ("include", "Organization"),
        ("include", "Location"),
        ("include", "Endpoint"),
    ]
    assert bundle["entry"][2]["resource"]["address"]["country"] == "DE"
    assert bundle["entry"][3]["resource"]["address"] == "matrix:u/termin:praxis.tim.test"


@pytest.mark.parametrize("query", [{"coverage-area": "10"}, {"_include": "HealthcareService:coverage-area"}])
async def test_a_search_outside_the_subset_is_refused(
    federation: Sandbox, search_token: str, query: dict[str, str]
) -> None:
    status, outcome = await _search(federation, search_token, "HealthcareService", query)
    assert status == 400
    assert outcome["resourceType"] == "OperationOutcome"


@pytest_asyncio.fixture
async def search_token(federation: Sandbox, new_user: NewUser) -> str:
    token = await _openid_token(await new_user("praxis.tim.test"))
    answer = await _authenticate(federation, "praxis.tim.test", token)
    assert answer.status == 200
    body = await answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    return str(body["access_token"])


async def _openid_token(user: MatrixUser) -> str:
    path = f"/_matrix/client/v3/user/{quote(user.user_id)}/openid/request_token"
    answer = await user.request("POST", path, {})
    assert answer.status == 200
    return str(answer.body["access_token"])


async def _authenticate(federation: Sandbox, domain: str, token: str) -> aiohttp.ClientResponse:
    return await federation.http.get(
        f"{federation.vzd.url}/tim-authenticate",
        params={"mxId": domain},
        headers={"X-Matrix-OpenID-Token": token},
    )


async def _search(federation: Sandbox, token: str, path: str, query: Any) -> tuple[int, Any]:
    url = f"{federation.vzd.url}/search/{path}"
    headers = {"Authorization": f"Bearer {token}"}
    async with federation.http.get(url, params=query, headers=headers) as answer:
        assert answer.content_type == "application/fhir+json"
        return answer.status, await answer.json()


async def _list(vzd: Client) -> Any:
    return _payload(await (await vzd.get(LIST)).read())


def _payload(jws: bytes) -> Any:
    return _json(jws.split(b".")[1])


def _json(part: bytes) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + b"=="))
