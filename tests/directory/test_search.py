"""Searches: what is asked, pages, and what is filtered out."""

from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.directory.conftest import OURS, SECRET, SERVER, Scripted, url_of
from tests.policy.directory.resources import ANNA, HIDDEN_ORGANISATION, bundle, endpoint, hidden, organisation, service
from tim_directory.authentication import as_matrix_account, as_provider, with_fixed_token
from tim_directory.errors import Garbage
from tim_directory.provider import Domain, ProviderOperations
from tim_directory.search import DirectorySearch, Resource, SearchQuery, View
from tim_directory.tokens import Authorised
from tim_directory.transport import Transport
from tim_policy.names import parse_user_id


def search_of(transport: Transport, view: View = View.PROFESSIONAL) -> DirectorySearch:
    return DirectorySearch(Authorised(transport, with_fixed_token("t")), view)


def answer(*resources: Any, **more: Any) -> web.Response:
    return web.json_response(bundle(*resources, **more))


def link(url: str) -> dict[str, Any]:
    return {"link": [{"relation": "next", "url": url}]}


ONE = (service(), organisation(), endpoint())
NOBODY = (service(), organisation(active=False), endpoint())


@pytest.mark.requirement("A_25428")
async def test_what_is_asked(scripted: Scripted, transport: Transport) -> None:
    scripted.answers = [answer(*ONE)]
    await search_of(transport).find(SearchQuery(text="Pflege Berlin", name="Sonne", telematik_id="9-2", count=7))
    (method, url, _) = scripted.asked[0]
    assert method == "GET"
    assert url.startswith("/search/HealthcareService?_text=Pflege+Berlin&name:contains=Sonne")
    for part in ("organization.identifier=9-2", "organization.active=true", "_count=7"):
        assert part in url
    assert url.count("_include=HealthcareService:") == 3


async def test_an_address_is_asked_for_as_the_directory_writes_it(scripted: Scripted, transport: Transport) -> None:
    scripted.answers = [answer(*ONE)]
    assert len(await search_of(transport).entries_of(parse_user_id(ANNA))) == 1
    assert "endpoint.address=matrix:u/anna:pflege.tim.test" in scripted.asked[0][1]
    assert "active" not in scripted.asked[0][1]


@pytest.mark.parametrize(("status", "count"), [(404, 0), (200, 0)])
async def test_practitioners_are_looked_at_when_no_service_names_it(
    scripted: Scripted, transport: Transport, status: int, count: int
) -> None:
    scripted.answers = [answer(), answer() if status == 200 else web.Response(status=status)]
    assert len(await search_of(transport).entries_of(parse_user_id(ANNA))) == count
    assert scripted.asked[1][1].startswith("/search/PractitionerRole?")


async def test_inactive_ones_are_left_out_even_if_the_directory_sends_them(
    scripted: Scripted, transport: Transport
) -> None:
    scripted.answers = [answer(*NOBODY), answer(*NOBODY), answer(service())]
    search = search_of(transport)
    assert (await search.find(SearchQuery(text="x"))).entries == ()
    assert len((await search.find(SearchQuery(text="x", is_active_only=False))).entries) == 1
    assert (await search.find(SearchQuery(text="x"))).entries == ()


@pytest.mark.requirement("A_25681-01")
async def test_insured_persons_ask_elsewhere_and_see_less(scripted: Scripted, transport: Transport) -> None:
    search = search_of(transport, View.INSURED)
    scripted.answers = [
        answer(service(), organisation(), endpoint(extension=hidden())),
        answer(service(), organisation(extension=HIDDEN_ORGANISATION), endpoint()),
    ]
    (entry,) = (await search.find(SearchQuery(text="x"))).entries
    assert entry.endpoints == ()
    assert (await search.find(SearchQuery(text="x"))).entries == ()
    assert scripted.asked[0][1].startswith("/fdv/search/HealthcareService?")


@pytest.mark.parametrize("base", ["", "{url}"])
async def test_pages(scripted: Scripted, transport: Transport, base: str) -> None:
    following = base.format(url=scripted.url) + "/search?_getpages=1&_getpagesoffset=20"
    scripted.answers = [answer(*ONE, **link(following)), answer(*ONE)]
    pages = [page async for page in search_of(transport).pages(SearchQuery(text="x"))]
    assert [len(page.entries) for page in pages] == [1, 1]
    assert scripted.asked[1][1] == "/search?_getpages=1&_getpagesoffset=20"


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.test/search?page=2",
        "https://127.0.0.1/search?page=2",
        "//evil.test/search",
        "/owner/Endpoint",
        "/searchable",
        "/search/../owner/Endpoint",
        "/search/%2e%2e/owner/Endpoint",
        "",
        "javascript:1",
        "http://[",
    ],
)
async def test_the_token_does_not_follow_links_elsewhere(scripted: Scripted, transport: Transport, url: str) -> None:
    scripted.answers = [answer(*ONE, **link(url))]
    with pytest.raises(Garbage):
        await search_of(transport).find(SearchQuery(text="x"))


async def test_pages_that_lead_in_a_circle_end(scripted: Scripted, transport: Transport) -> None:
    scripted.answers = [answer(*ONE, **link(f"/search?page={number % 2}")) for number in range(9)]
    with pytest.raises(Garbage, match="back to themselves"):
        [page async for page in search_of(transport).pages(SearchQuery(text="x"))]


@pytest.mark.parametrize("body", [[], {}, None, {"resourceType": "OperationOutcome"}])
async def test_garbage(scripted: Scripted, transport: Transport, body: Any) -> None:
    scripted.answers = [web.json_response(body)]
    with pytest.raises(Garbage):
        await search_of(transport).find(SearchQuery(text="x"))


async def test_the_stand_in(vzd: TestServer, http: aiohttp.ClientSession) -> None:
    transport = Transport(http, url_of(vzd))
    provider = ProviderOperations(Authorised(transport, as_provider(transport, transport, OURS, SECRET)))
    await provider.add_domain(Domain(domain=SERVER, telematik_id="1-20-X", is_insurance=False))

    async def openid() -> str:
        return "openid"

    search = DirectorySearch(Authorised(transport, as_matrix_account(transport, openid, SERVER)))
    (entry,) = await search.entries_of(parse_user_id("@schwester.anna:pflege.tim.test"))
    assert entry.is_usable
    found = [entry.name async for entries in search.everything() for entry in entries]
    assert "Praxis am Markt" in found
    assert (await search.find(SearchQuery(text="Praxis am Markt"), Resource.SERVICE)).entries
