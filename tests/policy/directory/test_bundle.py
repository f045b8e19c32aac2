"""Foreign FHIR of any shape becomes entries, or nothing."""

import json
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.directory.resources import (
    ANNA,
    CARE,
    CARE_ID,
    bundle,
    endpoint,
    location,
    organisation,
    service,
    usual,
)
from tim_policy.directory.bundle import MAX_TEXT, read_bundle
from tim_policy.directory.entry import DirectoryEntry, EndpointKind, OpenTime, Place

EXAMPLES = Path(__file__).parents[4] / "shared" / "gematik" / "vzd-resources"


def only(answer: Any) -> DirectoryEntry:
    (entry,) = read_bundle(answer).entries
    return entry


def test_a_usual_answer() -> None:
    entry = only(usual())
    assert entry.name == "Ambulante Pflege"
    assert entry.is_usable
    assert entry.organisation is not None
    assert entry.organisation.telematik_id == CARE_ID
    assert entry.organisation.profession_oids == {CARE}
    assert [(str(one.user_id), one.kind) for one in entry.active_endpoints()] == [(ANNA, EndpointKind.FUNCTION_ACCOUNT)]
    assert entry.places == (Place("Markt 1", "12345", "Musterstadt", 50.1, 8.7),)


@pytest.mark.parametrize(
    "reference",
    ["Organization/o1", "https://vzd.example/fdv/search/Organization/o1", "Organization/o1/_history/3"],
)
def test_references_in_every_form(reference: str) -> None:
    answer = bundle(service(providedBy={"reference": reference}), organisation(), endpoint())
    assert only(answer).organisation is not None


@pytest.mark.parametrize(
    "link",
    [
        None,
        {},
        {"reference": 4},
        {"reference": "Organization/other"},
        {"reference": "Endpoint/e1"},
        {"reference": "o1"},
    ],
)
def test_a_dangling_reference_is_no_organisation(link: Any) -> None:
    entry = only(bundle(service(providedBy=link), organisation(), endpoint()))
    assert entry.organisation is None
    assert not entry.is_usable


@pytest.mark.parametrize(
    ("which", "changes"),
    [
        ("organisation", {"active": "true"}),
        ("organisation", {"active": 1}),
        ("organisation", {"active": None}),
        ("service", {"active": False}),
        ("service", {"active": "false"}),
    ],
)
def test_active_means_true_and_nothing_else(which: str, changes: dict[str, Any]) -> None:
    services = service(**changes) if which == "service" else service()
    organisations = organisation(**changes) if which == "organisation" else organisation()
    assert not only(bundle(services, organisations, endpoint())).is_usable


def test_a_resource_that_contradicts_itself_is_left_out() -> None:
    page = read_bundle(bundle(service(), organisation(), organisation(name="Anders"), endpoint()))
    assert page.left_out == 1
    assert page.entries[0].organisation is None


def test_the_same_resource_twice_is_one() -> None:
    page = read_bundle(bundle(service(), service(), organisation(), organisation(), endpoint()))
    assert (len(page.entries), page.left_out) == (1, 0)
    assert page.entries[0].is_usable


def test_two_telematik_ids_are_none() -> None:
    numbers = [*organisation()["identifier"], {**organisation()["identifier"][0], "value": "5-other"}]
    found = only(bundle(service(), organisation(identifier=numbers), endpoint())).organisation
    assert found is not None
    assert found.telematik_id is None


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "off"},
        {"status": "Active"},
        {"address": "matrix:r/anna:pflege.tim.test"},
        {"address": None},
        {"connectionType": {"system": "other", "code": "tim"}},
        {"connectionType": {"system": endpoint()["connectionType"]["system"], "code": "kim"}},
        {"connectionType": []},
    ],
)
def test_what_is_no_active_messenger_address_is_none(changes: dict[str, Any]) -> None:
    assert only(bundle(service(), organisation(), endpoint(**changes))).active_endpoints() == ()


def test_opening_hours() -> None:
    times = [
        {"daysOfWeek": ["tue", "mon"], "availableStartTime": "08:00:00", "availableEndTime": "12:30:00"},
        {"daysOfWeek": ["sun"], "allDay": True},
        {"daysOfWeek": ["wed"], "availableStartTime": "12:00:00", "availableEndTime": "08:00:00"},
        {"daysOfWeek": ["someday"], "availableStartTime": "08:00:00"},
        {"availableStartTime": "25:00:00"},
        7,
    ]
    hours = OpenTime(0, time(8), time(12, 30)), OpenTime(1, time(8), time(12, 30)), OpenTime(6, time(0), None)
    assert only(bundle(service(availableTime=times))).open_times == hours


def test_foreign_text_is_one_bounded_line() -> None:
    name = only(bundle(service(name="<b>Praxis</b>\n\u202eevil\u0000" + "x" * 9999))).name
    assert name.startswith("<b>Praxis</b> evil x")
    assert len(name) <= MAX_TEXT


@pytest.mark.parametrize("position", [{"latitude": 91, "longitude": 0}, {"latitude": True, "longitude": 1}, {}, 3])
def test_a_place_without_sensible_position_has_none(position: Any) -> None:
    places = only(bundle(service(), location(position=position))).places
    assert places == (Place("Markt 1", "12345", "Musterstadt"),)


def test_pages() -> None:
    page = read_bundle(
        bundle(service(), total=7, link=[{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}])
    )
    assert (page.next_link, page.total) == ("b", 7)


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"resourceType": "OperationOutcome"}])
def test_what_is_no_bundle_says_so(answer: Any) -> None:
    assert not read_bundle(answer).is_bundle


@pytest.mark.skipif(not EXAMPLES.exists(), reason="gematik's example files are not here")
def test_gematiks_own_examples() -> None:
    resources = [json.loads(file.read_text()) for file in sorted(EXAMPLES.glob("*.json"))]
    entries = {entry.id: entry for entry in read_bundle(bundle(*resources)).entries}
    pharmacy = entries["PharmacyHealthCareServiceExample"]
    assert pharmacy.is_usable
    assert pharmacy.organisation is not None
    assert pharmacy.organisation.telematik_id == "3-07.2.1444560000.16.108"
    assert "Allergietest" in pharmacy.specialties
    assert pharmacy.endpoints[0].is_hidden_from_insured
    assert pharmacy.places[0].city == "Frankfurt am Main"
    assert [one.day for one in pharmacy.open_times] == [0, 1, 2, 3, 4]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda kids: st.lists(kids, max_size=3) | st.dictionaries(st.text(max_size=4), kids, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(sorted({*service(), *organisation(), *endpoint(), *location(), "availableTime", "telecom"}))


@given(st.lists(st.dictionaries(FIELDS, JSON, max_size=4), min_size=4, max_size=4))
def test_total(changes: list[dict[str, Any]]) -> None:
    kinds = (service, organisation, endpoint, location)
    read_bundle(bundle(*(make(**change) for make, change in zip(kinds, changes, strict=True))))


@given(JSON, JSON)
def test_total_for_whole_answers(answer: Any, entries: Any) -> None:
    read_bundle(answer)
    read_bundle({"resourceType": "Bundle", "entry": entries, "link": answer})
