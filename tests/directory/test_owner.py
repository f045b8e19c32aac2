"""Own entries: valid before they are sent, and taken back when half of a change failed."""

import json
from typing import Any

import pytest
from aiohttp import web

from tests.directory.conftest import Scripted
from tests.policy.directory.resources import bundle, endpoint, hidden, organisation, service
from tim_directory.authentication import with_fixed_token
from tim_directory.errors import Conflict, Garbage, InvalidEntry, NotFound, Refused
from tim_directory.owner import OwnerEntries
from tim_directory.resources import EndpointDraft, checked, endpoint_resource, service_resource, with_visibility
from tim_directory.tokens import Authorised
from tim_directory.transport import Transport
from tim_policy.directory.bundle import read_bundle
from tim_policy.directory.entry import EndpointKind
from tim_policy.names import parse_user_id

BOT = parse_user_id("@rezept:apotheke.tim.test")
DRAFT = EndpointDraft(BOT, "Rezeptannahme", EndpointKind.BOT)


@pytest.fixture
def owner(transport: Transport) -> OwnerEntries:
    return OwnerEntries(Authorised(transport, with_fixed_token("t")))


def ok(resource: Any, status: int = 200) -> web.Response:
    return web.json_response(resource, status=status)


def bodies(scripted: Scripted) -> list[Any]:
    return [json.loads(body) for _, _, body in scripted.asked if body]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (EndpointKind.PERSON, "Rezeptannahme"),
        pytest.param(EndpointKind.FUNCTION_ACCOUNT, "Rezeptannahme", marks=pytest.mark.requirement("A_25546")),
        pytest.param(EndpointKind.BOT, "Rezeptannahme (Chatbot)", marks=pytest.mark.requirement("A_25547")),
    ],
)
@pytest.mark.parametrize("is_hidden", [True, False])
def test_what_is_written_is_read_back(kind: EndpointKind, name: str, *, is_hidden: bool) -> None:
    written = {**endpoint_resource(EndpointDraft(BOT, "Rezeptannahme", kind, is_hidden)), "id": "e1"}
    services = {**service_resource("Rezepte", "Organization/o1", endpoints=("Endpoint/e1",)), "id": "s1"}
    (entry,) = read_bundle(bundle(services, organisation(), written)).entries
    (one,) = entry.active_endpoints()
    assert (one.user_id, one.kind, one.name, one.is_hidden_from_insured) == (BOT, kind, name, is_hidden)


def test_a_bot_that_says_so_is_not_said_twice() -> None:
    assert endpoint_resource(EndpointDraft(BOT, "X (Chatbot)", EndpointKind.BOT))["name"] == "X (Chatbot)"


@pytest.mark.requirement("A_26172-01")
def test_visibility_leaves_other_extensions_alone() -> None:
    other = {"url": "https://example.org/x", "valueBoolean": True}
    one = endpoint(extension=[other, *hidden()])
    assert with_visibility(one, is_hidden=False)["extension"] == [other]
    assert with_visibility(with_visibility(one, is_hidden=True), is_hidden=True)["extension"][0] == other
    assert "extension" not in with_visibility(endpoint(extension=hidden()), is_hidden=False)


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ({"resourceType": "Organization"}, "an owner writes"),
        ({}, "an owner writes"),
        (service(name=["x"]), "name"),
        (service(colour="red"), "colour"),
        (service(availableTime=[{"daysOfWeek": "mon"}]), "availableTime"),
    ],
)
def test_what_is_no_fhir_is_not_sent(resource: Any, field: str) -> None:
    with pytest.raises(InvalidEntry, match=field):
        checked(resource)


async def test_publishing_an_address(scripted: Scripted, owner: OwnerEntries) -> None:
    created = {**endpoint_resource(DRAFT), "id": "e9"}
    scripted.answers = [ok(created, 201), ok(service(comment="bleibt")), ok(service())]
    assert (await owner.publish_address("s1", DRAFT))["id"] == "e9"
    assert [(method, url) for method, url, _ in scripted.asked] == [
        ("POST", "/owner/Endpoint"),
        ("GET", "/owner/HealthcareService/s1"),
        ("PUT", "/owner/HealthcareService/s1"),
    ]
    changed = bodies(scripted)[-1]
    assert changed["endpoint"] == [{"reference": "Endpoint/e1"}, {"reference": "Endpoint/e9"}]
    assert changed["comment"] == "bleibt"


async def test_half_a_publication_is_taken_back(scripted: Scripted, owner: OwnerEntries) -> None:
    created = {**endpoint_resource(DRAFT), "id": "e9"}
    scripted.answers = [ok(created, 201), ok(service()), web.Response(status=403), web.Response(status=204)]
    with pytest.raises(Refused):
        await owner.publish_address("s1", DRAFT)
    assert scripted.asked[-1][:2] == ("DELETE", "/owner/Endpoint/e9")


async def test_withdrawing_an_address(scripted: Scripted, owner: OwnerEntries) -> None:
    scripted.answers = [ok(service()), ok(service()), web.Response(status=410)]
    await owner.withdraw_address("s1", "e1")
    assert "endpoint" not in bodies(scripted)[0]
    assert scripted.asked[-1][:2] == ("DELETE", "/owner/Endpoint/e1")


async def test_something_that_is_referred_to_stays(scripted: Scripted, owner: OwnerEntries) -> None:
    scripted.answers = [web.Response(status=409)]
    with pytest.raises(Conflict):
        await owner.delete("Endpoint", "e1")


@pytest.mark.requirement("A_26172-01")
async def test_hiding_an_address(scripted: Scripted, owner: OwnerEntries) -> None:
    whole = endpoint_resource(DRAFT) | {"id": "e1"}
    scripted.answers = [ok(whole), ok(whole)]
    await owner.show_to_insured("e1", is_shown=False)
    assert bodies(scripted)[0]["extension"][0]["valueCoding"]["code"] == "hide-versicherte"


@pytest.mark.parametrize("answer", [ok([]), ok(service(id=None)), ok(endpoint()), ok({"resourceType": "Endpoint"})])
async def test_garbage(scripted: Scripted, owner: OwnerEntries, answer: web.Response) -> None:
    scripted.answers = [answer]
    with pytest.raises(Garbage):
        await owner.read("HealthcareService", "s1")


async def test_an_id_cannot_leave_its_path(scripted: Scripted, owner: OwnerEntries) -> None:
    scripted.answers = [web.Response(status=404)]
    with pytest.raises(NotFound):
        await owner.read("Endpoint", "../HealthcareService/x?y")
    assert "/owner/Endpoint/" in scripted.asked[0][1]
    assert "?" not in scripted.asked[0][1]
    with pytest.raises(NotFound):
        await owner.read("../search", "x")
