"""Who is behind an address: verified by directory and federation list together, or not at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.directory.resources import (
    ANNA,
    CARE,
    CARE_ID,
    HIDDEN_ORGANISATION,
    PHARMACY,
    PHARMACY_ID,
    SERVER,
    bundle,
    endpoint,
    hidden,
    identifier,
    listed,
    organisation,
    service,
    usual,
)
from tim_policy.directory.bundle import PROFESSION_SYSTEM, read_bundle
from tim_policy.directory.entry import EndpointKind
from tim_policy.directory.role import LIFETIME, Reason, Role, Source, Unverified, VerifiedRole, is_current, resolve
from tim_policy.directory.telematik_id import Kind
from tim_policy.federation_list import FederationList

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def role_of(answer: Any, user_id: str = ANNA, federation_list: FederationList | None = listed()) -> Role:  # noqa: B008 - not changed
    return resolve(user_id, read_bundle(answer).entries, federation_list, as_of=NOW)


def reason(role: Role) -> Reason:
    assert isinstance(role, Unverified)
    return role.reason


def test_a_verified_role() -> None:
    assert role_of(usual()) == VerifiedRole(
        user_id=ANNA,
        organisation="Pflegedienst Sonne",
        telematik_id=CARE_ID,
        profession_oids=frozenset({CARE}),
        kind=EndpointKind.FUNCTION_ACCOUNT,
        service="Tourenplanung",
        is_visible_to_insured=True,
        as_of=NOW,
        source=Source.SEARCH,
    )


@pytest.mark.parametrize(
    "address",
    [
        "@anna:pflege.tim.test",
        "%40anna:PFLEGE.tim.test",
        "MATRIX:u/anna:Pflege.tim.test",
        "https://matrix.to/#/@anna:pflege.tim.test",
    ],
)
def test_the_directory_may_use_any_notation(address: str) -> None:
    assert isinstance(role_of(bundle(service(), organisation(), endpoint(address=address))), VerifiedRole)


OTHER = [
    organisation(id="o2", identifier=identifier(PHARMACY_ID), name="Apotheke"),
    service(id="s2", providedBy={"reference": "Organization/o2"}, endpoint=[{"reference": "Endpoint/e2"}]),
    endpoint(id="e2", connectionType={**endpoint()["connectionType"], "code": "tim-bot"}),
]
PRACTITIONER: list[Any] = [
    {"resourceType": "PractitionerRole", "id": "p1", "practitioner": {"reference": "Practitioner/x"},
     "endpoint": [{"reference": "Endpoint/e1"}]},
    {"resourceType": "Practitioner", "id": "x", "active": True, "name": [{"text": "Anna"}]},
    endpoint(),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (bundle(), Reason.UNKNOWN),
        (bundle(*PRACTITIONER), Reason.PRACTITIONER_ONLY),
        (bundle(service(), organisation(), endpoint(status="off")), Reason.INACTIVE),
        (bundle(service(active=False), organisation(), endpoint()), Reason.INACTIVE),
        (bundle(service(), organisation(active=False), endpoint()), Reason.REVOKED),
        (bundle(service(), endpoint()), Reason.NO_ORGANISATION),
        (bundle(service(), organisation(identifier=[]), endpoint()), Reason.NO_ORGANISATION),
        (bundle(service(), organisation(name=""), endpoint()), Reason.NO_ORGANISATION),
        (bundle(service(), organisation(identifier=identifier(PHARMACY_ID)), endpoint()), Reason.OTHER_ORGANISATION),
        (bundle(*OTHER), Reason.OTHER_ORGANISATION),
        (bundle(service(), organisation(), endpoint(address="matrix:u/Anna:pflege.tim.test")), Reason.UNKNOWN),
        (bundle(service(), organisation(), endpoint(address="matrix:u/anna:pflege.tim.test:443")), Reason.UNKNOWN),
        (bundle(service(endpoint=[]), organisation(), endpoint()), Reason.UNKNOWN),
    ],
)
def test_why_somebody_is_not_verified(answer: Any, expected: Reason) -> None:
    assert reason(role_of(answer)) is expected


@pytest.mark.parametrize(
    ("user_id", "federation_list", "expected"),
    [
        (ANNA, None, Reason.NO_LIST),
        (ANNA, listed(server="other.tim.test"), Reason.NOT_LISTED),
        (ANNA, listed(is_insurance=True), Reason.INSURED),
        (ANNA, listed(PHARMACY_ID), Reason.OTHER_ORGANISATION),
        (f"{ANNA}:8448", listed(), Reason.NOT_LISTED),
        ("matrix:u/anna:pflege.tim.test", listed(), Reason.NO_ADDRESS),
        ("", listed(), Reason.NO_ADDRESS),
        ("@anna", listed(), Reason.NO_ADDRESS),
    ],
)
def test_the_list_has_to_agree(user_id: str, federation_list: FederationList | None, expected: Reason) -> None:
    assert reason(role_of(usual(), user_id, federation_list)) is expected


def test_the_domain_moved_to_another_organisation() -> None:
    assert isinstance(role_of(usual()), VerifiedRole)
    assert reason(role_of(usual(), federation_list=listed(PHARMACY_ID))) is Reason.OTHER_ORGANISATION


def test_another_organisation_can_neither_take_nor_spoil_an_address() -> None:
    role = role_of(bundle(*OTHER, *(one["resource"] for one in usual()["entry"])))
    assert isinstance(role, VerifiedRole)
    assert (role.organisation, role.kind) == ("Pflegedienst Sonne", EndpointKind.FUNCTION_ACCOUNT)


@pytest.mark.parametrize(
    "second",
    [
        [organisation(id="o2", name="Pflegedienst Mond")],
        [organisation(id="o2", type=[{"coding": [{"system": PROFESSION_SYSTEM, "code": PHARMACY}]}])],
        [organisation(id="o2", active=False)],
        [organisation(id="o2"), endpoint(id="e2", connectionType={**endpoint()["connectionType"], "code": "tim-bot"})],
    ],
)
def test_an_organisation_that_contradicts_itself_is_not_verified(second: list[Any]) -> None:
    endpoint_id = "e2" if len(second) > 1 else "e1"
    links = {"providedBy": {"reference": "Organization/o2"}, "endpoint": [{"reference": f"Endpoint/{endpoint_id}"}]}
    usual_ones = [one["resource"] for one in usual()["entry"]]
    assert reason(role_of(bundle(*usual_ones, service(id="s2", **links), *second))) is Reason.AMBIGUOUS


def test_two_services_of_one_organisation_may_share_an_account() -> None:
    role = role_of(bundle(*(one["resource"] for one in usual()["entry"]), service(id="s2", name="Wundversorgung")))
    assert isinstance(role, VerifiedRole)


@pytest.mark.parametrize(
    ("parts", "is_visible"),
    [
        ([organisation(), endpoint()], True),
        ([organisation(), endpoint(extension=hidden())], False),
        ([organisation(extension=HIDDEN_ORGANISATION), endpoint()], False),
    ],
)
@pytest.mark.requirement("A_26172-01")
def test_what_is_hidden_from_insured_persons(parts: list[Any], *, is_visible: bool) -> None:
    role = role_of(bundle(service(), *parts))
    assert isinstance(role, VerifiedRole)
    assert role.is_visible_to_insured is is_visible


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("tim", EndpointKind.PERSON),
        pytest.param("tim-fa", EndpointKind.FUNCTION_ACCOUNT, marks=pytest.mark.requirement("A_25546")),
        pytest.param("tim-bot", EndpointKind.BOT, marks=pytest.mark.requirement("A_25547")),
    ],
)
def test_what_the_address_is(code: str, kind: EndpointKind) -> None:
    connection = {**endpoint()["connectionType"], "code": code}
    role = role_of(bundle(service(), organisation(), endpoint(connectionType=connection)))
    assert isinstance(role, VerifiedRole)
    assert role.kind is kind


def test_the_kind_of_organisation_follows_from_codes_that_agree_else_from_the_number() -> None:
    role = role_of(usual())
    assert isinstance(role, VerifiedRole)
    assert role.organisation_kind is Kind.CARE
    assert replace(role, profession_oids=frozenset({PHARMACY})).organisation_kind is Kind.PHARMACY
    assert replace(role, profession_oids=frozenset({PHARMACY, CARE})).organisation_kind is Kind.CARE
    assert replace(role, profession_oids=frozenset()).organisation_kind is Kind.CARE


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), True),
        (LIFETIME - timedelta(seconds=1), True),
        (LIFETIME, False),
        (-timedelta(seconds=1), False),
    ],
)
def test_how_long_it_is_believed(age: timedelta, *, expected: bool) -> None:
    assert is_current(NOW - age, NOW) is expected


ADDRESSES = st.sampled_from([f"matrix:u/anna:{SERVER}", f"matrix:u/bert:{SERVER}", "matrix:u/anna:other.tim.test", "x"])
IDS = st.sampled_from(["1", "2"])
ORGANISATIONS = st.builds(
    lambda i, number, active: organisation(id=f"o{i}", identifier=identifier(number), active=active),
    IDS,
    st.sampled_from([CARE_ID, PHARMACY_ID]),
    st.booleans(),
)
ENDPOINTS = st.builds(
    lambda i, address, status: endpoint(id=f"e{i}", address=address, status=status),
    IDS,
    ADDRESSES,
    st.sampled_from(["active", "off"]),
)
SERVICES = st.builds(
    lambda i, o, e: service(
        id=f"s{i}", providedBy={"reference": f"Organization/o{o}"}, endpoint=[{"reference": f"Endpoint/e{e}"}]
    ),
    IDS,
    IDS,
    IDS,
)


@given(st.lists(ORGANISATIONS | ENDPOINTS | SERVICES, max_size=8))
def test_never_a_false_verified(resources: list[Any]) -> None:
    role = role_of(bundle(*resources))
    if not isinstance(role, VerifiedRole):
        return
    clear = [one for one in resources if all(other == one for other in resources if key(other) == key(one))]
    proofs = [
        one
        for one in clear
        if one["resourceType"] == "HealthcareService"
        and any(
            one["providedBy"]["reference"] == key(other)
            and other["identifier"] == identifier(CARE_ID)
            and other["active"]
            for other in clear
            if other["resourceType"] == "Organization"
        )
        and any(
            one["endpoint"][0]["reference"] == key(other) and other["address"] == endpoint()["address"]
            for other in clear
            if other["resourceType"] == "Endpoint" and other["status"] == "active"
        )
    ]
    assert proofs
    assert role.telematik_id == CARE_ID


def key(resource: Any) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
