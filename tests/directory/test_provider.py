"""A provider's operations, against the stand-in."""

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.directory.conftest import OURS, SECRET, SERVER, Scripted, url_of
from tim_directory.authentication import as_provider, with_fixed_token
from tim_directory.errors import Conflict, Garbage, NotFound
from tim_directory.provider import Domain, ProviderOperations, Whereabouts
from tim_directory.tokens import Authorised
from tim_directory.transport import Transport
from tim_policy.names import parse_server_name, parse_user_id

DOMAIN = Domain(domain=SERVER, telematik_id="1-20-X", is_insurance=False)


@pytest_asyncio.fixture
async def provider(vzd: TestServer, http: aiohttp.ClientSession) -> ProviderOperations:
    transport = Transport(http, url_of(vzd))
    return ProviderOperations(Authorised(transport, as_provider(transport, transport, OURS, SECRET)))


async def test_the_life_of_a_domain(provider: ProviderOperations) -> None:
    assert await provider.domains() == ()
    added = await provider.add_domain(DOMAIN)
    assert (added.domain, added.provider) == (SERVER, OURS)
    with pytest.raises(Conflict):
        await provider.add_domain(DOMAIN)
    changed = await provider.change_domain(DOMAIN.model_copy(update={"telematik_id": "1-20-Y"}))
    assert changed.telematik_id == "1-20-Y"
    assert await provider.domain(parse_server_name(SERVER)) == changed
    assert await provider.domain(parse_server_name("other.tim.test")) is None
    await provider.remove_domain(SERVER)
    with pytest.raises(NotFound):
        await provider.remove_domain(SERVER)
    assert await provider.domains() == ()


@pytest.mark.parametrize(
    ("user_id", "expected"),
    [(f"@termin:{SERVER}", Whereabouts.ORGANISATION), (f"@nobody:{SERVER}", Whereabouts.NONE)],
)
async def test_where_somebody_is(provider: ProviderOperations, user_id: str, expected: Whereabouts) -> None:
    assert await provider.where_is(parse_user_id(user_id)) is expected


async def test_garbage_is_no_place(scripted: Scripted, transport: Transport) -> None:
    provider = ProviderOperations(Authorised(transport, with_fixed_token("t")))
    for body in ("ORG", {"place": "org"}, None):
        scripted.answers = [web.json_response(body)]
        with pytest.raises(Garbage):
            await provider.where_is(parse_user_id("@anna:praxis.tim.test"))


async def test_domains_of_inactive_organisations(scripted: Scripted, transport: Transport) -> None:
    provider = ProviderOperations(Authorised(transport, with_fixed_token("t")))
    wire = {"domain": SERVER, "telematikID": "1-20-X", "isInsurance": False, "hashAlgorithm": "SHA-256"}
    scripted.answers = [web.Response(status=204), web.json_response({"inactiveOrganizationDomains": [wire]})]
    assert await provider.inactive_domains() == ()
    assert await provider.inactive_domains() == (DOMAIN,)
    scripted.answers = [web.json_response({"inactiveOrganizationDomains": 5}), web.json_response([{"domain": 1}])]
    for _ in range(2):
        with pytest.raises(Garbage):
            await provider.inactive_domains()
