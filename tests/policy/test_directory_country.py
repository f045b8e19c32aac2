"""The country in the directory's answer: from the organisation asked for and its places, and from nobody else."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.countries import UNREADABLE
from tim_policy.directory_country import NoCountry, directory_country, is_searchable

ID = "1-20-X"
SYSTEM = "https://gematik.de/fhir/sid/telematik-id"

Resource = dict[str, Any]


def organisation(*countries: object, **fields: Any) -> Resource:
    return {
        "resourceType": "Organization",
        "id": "org",
        "active": True,
        "identifier": [{"system": SYSTEM, "value": ID}],
        "address": [{"country": country} for country in countries],
        **fields,
    }


def service(*locations: str, **fields: Any) -> Resource:
    return {
        "resourceType": "HealthcareService",
        "id": "service",
        "providedBy": {"reference": "Organization/org"},
        "location": [{"reference": location} for location in locations],
        **fields,
    }


def location(country: object, **fields: Any) -> Resource:
    return {"resourceType": "Location", "id": "loc", "address": {"country": country}, **fields}


def bundle(*resources: object) -> Resource:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": resource} for resource in resources]}


HERE, ELSEWHERE = service("Location/loc"), {"identifier": [{"system": SYSTEM, "value": "1-20-Y"}]}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([organisation("DE")], "DE", id="the organisation's address"),
        pytest.param([organisation("de")], "DE", id="lower case"),
        pytest.param([organisation("DE", "DE")], "DE", id="two addresses in one country"),
        pytest.param([organisation(), HERE, location("FR")], "FR", id="the place of its service"),
        pytest.param([location("FR"), HERE, organisation()], "FR", id="in any order"),
        pytest.param(
            [organisation(), service("https://vzd.test/fhir/Location/loc"), location("FR")],
            "FR",
            id="absolute reference",
        ),
        pytest.param([organisation("DE"), HERE, location("DE")], "DE", id="both say the same"),
        pytest.param([organisation("DE"), HERE, location(None)], "DE", id="one says nothing"),
        pytest.param([organisation("DE"), HERE, location("FR")], NoCountry.CONTRADICTING, id="place elsewhere"),
        pytest.param([organisation("DE", "FR")], NoCountry.CONTRADICTING, id="two countries"),
        pytest.param([organisation("DE", "Deutschland")], NoCountry.CONTRADICTING, id="a code and no code"),
        pytest.param([organisation("DE"), organisation("FR", id="2")], NoCountry.CONTRADICTING, id="two entries"),
        pytest.param([organisation("Deutschland")], UNREADABLE, id="a name"),
        pytest.param([organisation(["DE"])], UNREADABLE, id="a list"),
        pytest.param([organisation("")], UNREADABLE, id="empty"),
        pytest.param([], NoCountry.ABSENT, id="nothing found"),
        pytest.param([organisation()], NoCountry.ABSENT, id="no address"),
        pytest.param([organisation(address=[{"use": "old", "country": "DE"}])], NoCountry.ABSENT, id="old address"),
        pytest.param([organisation("DE", active=False)], NoCountry.ABSENT, id="inactive"),
        pytest.param([organisation("DE", active="true")], NoCountry.ABSENT, id="active is no truth value"),
        pytest.param([organisation("FR", active=False), organisation("DE")], "DE", id="inactive ones do not count"),
        pytest.param([organisation("DE", **ELSEWHERE)], NoCountry.ABSENT, id="somebody else"),
        pytest.param(
            [organisation("DE", identifier=[{"system": "urn:x", "value": ID}])],
            NoCountry.ABSENT,
            id="another kind of id",
        ),
        pytest.param([organisation("DE", identifier=[{"value": ID}])], "DE", id="id without system"),
        pytest.param([organisation(), location("FR")], NoCountry.ABSENT, id="nobody's place"),
        pytest.param([HERE, location("FR")], NoCountry.ABSENT, id="no organisation came along"),
        pytest.param(
            [organisation(id=None), service("Location/loc", providedBy=None), location("FR")],
            NoCountry.ABSENT,
            id="without id and reference, the organisation",
        ),
        pytest.param(
            [organisation(), service(location=[{}]), location("FR", id=None)],
            NoCountry.ABSENT,
            id="without id and reference, the place",
        ),
        pytest.param([organisation(active=False), HERE, location("FR")], NoCountry.ABSENT, id="inactive, its place"),
        pytest.param(
            [organisation(), service("Location/loc", active=False), location("FR")],
            NoCountry.ABSENT,
            id="service ended",
        ),
        pytest.param([organisation(), HERE, location("FR", status="inactive")], NoCountry.ABSENT, id="place closed"),
        pytest.param([organisation(), HERE, location("FR", status="active")], "FR", id="place open"),
        pytest.param(
            [organisation(), service("Location/loc", providedBy={"reference": "Organization/2"}), location("FR")],
            NoCountry.ABSENT,
            id="somebody else's service",
        ),
    ],
)
def test_only_the_active_entry_of_the_organisation_counts(resources: list[Resource], expected: str | NoCountry) -> None:
    assert directory_country(bundle(*resources), ID) == expected


@pytest.mark.parametrize(
    "answer",
    [None, [], "DE", {}, {"resourceType": "OperationOutcome"}, {"resourceType": "Bundle", "type": "history"}],
)
def test_something_else_than_a_searchset_is_told_apart_from_an_empty_one(answer: object) -> None:
    assert directory_country(answer, ID) is NoCountry.NOT_SEARCHSET


def test_the_first_of_several_pages_proves_nothing() -> None:
    first = {**bundle(organisation("DE")), "link": [{"relation": "self"}, {"relation": "next"}]}
    assert directory_country(first, ID) is NoCountry.INCOMPLETE
    assert directory_country({**first, "link": [{"relation": "self"}]}, ID) == "DE"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1-20-X", True),
        ("3-SMC-B-Testkarte 1", True),
        ("1" * 128, True),
        ("1" * 129, False),
        ("", False),
        ("1-20-ö", False),
        ("1\x7f", False),
        ("1\n", False),
    ],
)
def test_what_can_be_no_telematik_id_is_not_asked_for(text: str, expected: bool) -> None:
    assert is_searchable(text) is expected


words = st.sampled_from(["DE", "FR", "active", "Location/loc", "Organization/org", "Organization", SYSTEM, ID, "next"])
keys = st.sampled_from(["address", "country", "status", "id", "reference", "identifier", "resource", "relation"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


def paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in the document something stands."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in pairs:
        yield (*path, key)
        yield from paths(child, (*path, key))


GOOD = {**bundle(organisation("DE"), HERE, location("DE")), "link": [{"relation": "self"}]}


@given(st.sampled_from(sorted(paths(GOOD), key=str)), json_values)
def test_whatever_stands_anywhere_in_an_answer_there_is_a_result(path: tuple[Any, ...], value: object) -> None:
    answer: Any = copy.deepcopy(GOOD)
    *way, last = path
    target = answer
    for key in way:
        target = target[key]
    target[last] = value
    result = directory_country(answer, ID)
    assert isinstance(result, NoCountry) or result in {"DE", "FR", UNREADABLE} or len(result) == 2


@given(json_values)
def test_whatever_the_answer_is_there_is_a_result(answer: object) -> None:
    assert directory_country(answer, ID) is NoCountry.NOT_SEARCHSET


foreign = st.one_of(
    st.builds(organisation, words, id=st.just("2"), identifier=st.just(ELSEWHERE["identifier"])),
    st.builds(organisation, words, active=st.just(False), id=st.just("3")),
    st.builds(service, st.just("Location/2"), providedBy=st.just({"reference": "Organization/2"})),
    st.builds(location, words, id=st.just("2")),
    json_values.filter(lambda value: not isinstance(value, dict)),
)


@given(st.lists(foreign, max_size=6), st.integers(0, 6))
def test_entries_of_others_never_change_the_result(others: list[Any], position: int) -> None:
    resources = [*others[:position], organisation("DE"), HERE, location("DE"), *others[position:]]
    assert directory_country(bundle(*resources), ID) == "DE"
