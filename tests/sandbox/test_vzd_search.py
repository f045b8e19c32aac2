"""The stand-in's store and search, without HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tim_sandbox.members import EVERYONE
from tim_sandbox.vzd import resources
from tim_sandbox.vzd.region import KINDS, generated, region, region_domains
from tim_sandbox.vzd.resources import Resource, directory_of
from tim_sandbox.vzd.search import Search, UnsupportedSearch, run_search
from tim_sandbox.vzd.store import Store

SERVICE = "HealthcareService"
INCLUDES = [("_include", f"{SERVICE}:{link}") for link in ("organization", "location", "endpoint")]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "directory.sqlite")
    store.seed("members", directory_of(EVERYONE))
    store.seed("region", region())
    yield store
    store.close()


def find(store: Store, *query: tuple[str, str], kind: str = SERVICE, is_insured: bool = False) -> Any:
    return json.loads(run_search(store, Search(kind, query, "http://vzd/search", is_insured=is_insured)))


def names(bundle: Any) -> list[str]:
    return [entry["resource"]["name"] for entry in bundle["entry"] if entry["search"]["mode"] == "match"]


def test_the_region_is_complete_and_the_same_each_time() -> None:
    once = list(region())
    assert once == list(region())
    assert sum(kind.count for kind in KINDS) == 67
    assert [sum(one["resourceType"] == kind for one in once) for kind in ("Organization", SERVICE, "Location")] == [
        67
    ] * 3
    assert len({(one["resourceType"], one["id"]) for one in once}) == len(once)
    organisations = {one["identifier"][0]["value"] for one in once if one["resourceType"] == "Organization"}
    assert {telematik_id for _, telematik_id in region_domains()} == organisations
    addresses = {
        one["address"].partition(":")[2].partition(":")[2] for one in once if one["resourceType"] == "Endpoint"
    }
    assert addresses == {domain for domain, _ in region_domains()}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ((("name:contains", "VOGEL ber"),), ["Praxis Dr. Vogel Bergheide"]),
        ((("name", "ogel b"),), ["Praxis Dr. Vogel Bergheide"]),
        ((("name:exact", "Praxis Dr. Vogel Bergheide"),), ["Praxis Dr. Vogel Bergheide"]),
        ((("name:exact", "Praxis Dr. Vogel"),), []),
        ((("_text", 'gruber " OR name'),), []),
        ((("_text", "weiss praxis"),), ["Praxis Dr. Weiß Rosenau"]),
        ((("endpoint.address", "matrix:u/service:klinik-2.region.tim.test"),), ["Klinikum Bachmann Seefeld"]),
        (
            (("organization.type", "1.2.276.0.76.4.53,1.2.276.0.76.4.99"),),
            ["Klinikum Albrecht Seefeld", "Klinikum Bachmann Seefeld"],
        ),
        (
            (("location.address-city", "SEEFELD"), ("name", "klinik"), ("_text", "bachmann")),
            ["Klinikum Bachmann Seefeld"],
        ),
        ((("organization.active", "false"),), []),
    ],
)
def test_it_finds_parts_of_words_and_whole_values(
    store: Store, query: tuple[tuple[str, str], ...], found: list[str]
) -> None:
    bundle = find(store, *query)
    assert names(bundle) == found
    assert bundle["total"] == len(found)


def test_pages_hold_everything_once(store: Store) -> None:
    seen: list[str] = []
    query: tuple[tuple[str, str], ...] = (("_count", "20"), *INCLUDES)
    totals = []
    while True:
        bundle = find(store, *query)
        totals.append(bundle.get("total"))
        seen += [entry["resource"]["id"] for entry in bundle["entry"] if entry["search"]["mode"] == "match"]
        link = [one["url"] for one in bundle["link"] if one["relation"] == "next"]
        if not link:
            break
        query = tuple(parse_qsl(urlsplit(link[0]).query))
    assert len(seen) == len(set(seen)) == 70
    assert totals == [70, None, None, None]


def test_a_count_of_nothing_is_the_total(store: Store) -> None:
    bundle = find(store, ("_count", "0"))
    assert bundle["entry"] == []
    assert bundle["total"] == 70
    assert [link["relation"] for link in bundle["link"]] == ["self"]


@pytest.mark.parametrize(
    "query",
    [
        ("nonsense", "1"),
        ("name:below", "x"),
        ("_count", "-1"),
        ("_count", "many"),
        ("_count", "٣"),
        ("_after", "x"),
        ("_include", "Endpoint:organization"),
        ("_include", f"{SERVICE}:coverage-area"),
        ("_format", "xml"),
        ("_sort", "name"),
    ],
)
def test_what_it_does_not_know_is_refused(store: Store, query: tuple[str, str]) -> None:
    with pytest.raises(UnsupportedSearch):
        find(store, query)


def test_insured_persons_do_not_find_what_is_hidden_from_them(store: Store) -> None:
    hidden = "matrix:u/empfang:praxis-4.region.tim.test"
    ours = ("organization.identifier", "1-20-SANDBOX-REGION-000004")
    for query in (("endpoint.address", hidden), ("_text", hidden)):
        assert names(find(store, query)) == ["Praxis Dr. Dietz Bergheide"]
        assert names(find(store, query, is_insured=True)) == []
    endpoints = [
        [one["resource"]["id"] for one in find(store, ours, *INCLUDES, is_insured=is_insured)["entry"]][-2:]
        for is_insured in (False, True)
    ]
    assert endpoints == [
        ["region-praxis-4-1", "region-praxis-4-2"],
        ["location-region-praxis-4", "region-praxis-4-2"],
    ]
    assert names(find(store, ("address", hidden), kind="Endpoint", is_insured=True)) == []


def test_a_change_of_what_an_entry_links_to_is_found_at_once(store: Store) -> None:
    endpoint: Resource = dict(store.get("Endpoint", "region-praxis-3-1") or {})
    old, new = endpoint["address"], "matrix:u/neu:praxis-3.region.tim.test"
    with store:
        store.put({**endpoint, "address": new}, "1-20-SANDBOX-REGION-000003")
    assert names(find(store, ("endpoint.address", old))) == []
    assert names(find(store, ("endpoint.address", new))) == ["Praxis Dr. Conrad Seefeld"]
    with store:
        store.delete("Endpoint", "region-praxis-3-1")
    assert names(find(store, ("endpoint.address", new))) == []
    assert store.is_gone("Endpoint", "region-praxis-3-1")
    assert not store.is_gone("Endpoint", "never")


def test_a_failed_change_leaves_nothing_behind(store: Store) -> None:
    taken = resources.endpoint("x", "X", "matrix:u/x:x.test", "tim")
    with pytest.raises(KeyError), store:
        store.load([taken, {"resourceType": "Endpoint"}])
    assert store.get("Endpoint", "x") is None


def test_changes_and_deletions_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "directory.sqlite"
    for _ in range(2):
        store = Store(path)
        store.seed("region", region())
        store.load([])
        if store.get("Endpoint", "region-praxis-1-1"):
            with store:
                store.delete("Endpoint", "region-praxis-1-1")
        store.close()
    store = Store(path)
    store.seed("region", region())
    assert store.is_gone("Endpoint", "region-praxis-1-1")
    store.close()


def test_a_large_directory_is_made_of_whole_regions() -> None:
    made = [one for one in generated(100) if one["resourceType"] == SERVICE]
    assert len(made) == 134
    assert len({one["id"] for one in made}) == 134
