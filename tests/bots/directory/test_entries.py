"""Whose entry it is, to the letter; anything unclear gives no role."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.directory.entries import address_of, profession_oids
from tim_sandbox.members import EVERYONE
from tim_sandbox.vzd.resources import directory_of

ANNA = "@schwester.anna:pflege.tim.test"
CARE = "1.2.276.0.76.4.245"
EVERYTHING: Any = {
    "resourceType": "Bundle",
    "type": "searchset",
    "entry": [{"resource": resource} for resource in directory_of(EVERYONE)],
}


def changed(resource_type: str, **values: Any) -> Any:
    bundle = copy.deepcopy(EVERYTHING)
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == resource_type:
            entry["resource"] |= values
    return bundle


def test_the_address_is_a_matrix_uri() -> None:
    assert address_of(ANNA) == "matrix:u/schwester.anna:pflege.tim.test"


@pytest.mark.parametrize(
    ("user_id", "expected"),
    [
        (ANNA, {CARE}),
        ("@apotheker.klein:apotheke.tim.test", {"1.2.276.0.76.4.54"}),
        ("@termin:praxis.tim.test", {"1.2.276.0.76.4.50"}),
        ("@schwester.anna:pflege.tim.test.evil", set()),
        ("@schwester:pflege.tim.test", set()),
        ("@Schwester.Anna:pflege.tim.test", set()),
        ("@dr.weber:praxis.tim.test", set()),
        ("", set()),
    ],
)
def test_a_role_belongs_to_exactly_the_account_of_the_entry(user_id: str, expected: set[str]) -> None:
    assert profession_oids(EVERYTHING, user_id) == expected


@pytest.mark.parametrize(
    "bundle",
    [
        changed("Endpoint", status="off"),
        changed("Organization", active=False),
        changed("Organization", active="true"),
        changed("Organization", type=[{"coding": [{"system": "other", "code": CARE}]}]),
        changed("HealthcareService", endpoint=[]),
        changed("HealthcareService", providedBy={"reference": "Organization/other"}),
        None,
        {},
        {"entry": "x"},
    ],
)
def test_what_is_not_active_or_not_linked_gives_no_role(bundle: Any) -> None:
    assert profession_oids(bundle, ANNA) == frozenset()


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda kids: st.lists(kids, max_size=3) | st.dictionaries(st.sampled_from(["coding", "reference", "code"]), kids),
    max_leaves=8,
)
FIELDS = st.sampled_from(["type", "endpoint", "providedBy", "id", "address", "active", "resourceType"])


@given(st.sampled_from(["Endpoint", "Organization", "HealthcareService"]), st.dictionaries(FIELDS, JSON))
def test_foreign_json_never_raises(resource_type: str, values: dict[str, Any]) -> None:
    assert profession_oids(changed(resource_type, **values), ANNA) <= {CARE}
