"""The content of the list: lenient to what is new, strict to what decides."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.federation_list import MAX_DEPTH, FederationList, Malformed, parse_federation_list
from tim_policy.names import ServerName

PRAXIS = {"domain": "praxis.tim.test", "telematikID": "1-20", "timAnbieter": "X", "isInsurance": False}
KASSE = {"domain": "kasse.tim.test", "telematikID": "8-01", "isInsurance": True, "ik": ["101575519", 109500969]}


def parse(*entries: Any, version: Any = 7) -> FederationList:
    return parse_federation_list(json.dumps({"version": version, "domainList": entries}).encode())


def test_the_lookups_answer_from_the_entries() -> None:
    federation_list = parse(PRAXIS, KASSE)
    assert (federation_list.version, federation_list.servers, federation_list.insurers) == (7, 2, 1)
    assert federation_list.is_listed(ServerName("praxis.tim.test"))
    assert not federation_list.is_listed(ServerName("praxis.tim.test.evil"))
    assert federation_list.is_insurance(ServerName("kasse.tim.test"))
    assert not federation_list.is_insurance(ServerName("unknown.test"))
    assert federation_list.by_ik("101575519") == federation_list.by_ik("109500969") == "kasse.tim.test"
    assert federation_list.by_ik("000000000") is None
    entry = federation_list.get(ServerName("praxis.tim.test"))
    assert entry is not None
    assert entry.telematik_id == "1-20"


def test_is_insurance_defaults_to_false_and_unknown_fields_are_ignored() -> None:
    federation_list = parse({"domain": "a.test", "telematikID": "1", "timProvider": "new", "future": {"x": [1]}})
    assert federation_list.is_listed(ServerName("a.test"))
    assert not federation_list.is_insurance(ServerName("a.test"))


def test_upper_case_names_are_found_in_lower_case() -> None:
    assert parse(PRAXIS | {"domain": "PRAXIS.TIM.TEST"}).is_listed(ServerName("praxis.tim.test"))


def test_identical_entries_are_one_server() -> None:
    federation_list = parse(PRAXIS, PRAXIS, PRAXIS)
    assert (federation_list.entries, federation_list.servers) == (3, 1)


@pytest.mark.parametrize("change", [{"isInsurance": True}, {"telematikID": "9-9"}, {"ik": ["101575519"]}])
def test_a_server_whose_entries_disagree_is_not_a_member(change: dict[str, Any]) -> None:
    federation_list = parse(PRAXIS, KASSE, PRAXIS | change)
    assert not federation_list.is_listed(ServerName("praxis.tim.test"))
    assert federation_list.contradicting == {"praxis.tim.test"}
    assert federation_list.is_listed(ServerName("kasse.tim.test"))


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "praxis.tim.test",
        {"domain": "praxis.tim.test"},
        {"telematikID": "1"},
        PRAXIS | {"domain": "*"},
        PRAXIS | {"domain": "praxis.tim.test."},
        PRAXIS | {"domain": None},
        PRAXIS | {"telematikID": 5},
        PRAXIS | {"isInsurance": "false"},
        PRAXIS | {"isInsurance": None},
    ],
)
def test_an_unusable_entry_is_left_out_and_counted(entry: Any) -> None:
    federation_list = parse(entry, KASSE)
    assert (federation_list.unusable_entries, federation_list.servers, federation_list.entries) == (1, 1, 2)


@pytest.mark.parametrize(
    "number", ["12345678", "1234567890", "12345678x", "１２３４５６７８９", True, None, 1.5, ["1"]]
)
def test_an_unusable_institution_code_is_left_out(number: Any) -> None:
    federation_list = parse(KASSE | {"ik": [number]})
    assert federation_list.is_insurance(ServerName("kasse.tim.test"))
    assert federation_list.by_ik(str(number)) is None


def test_an_institution_code_that_two_servers_claim_belongs_to_nobody() -> None:
    other = KASSE | {"domain": "andere.tim.test", "ik": ["101575519"]}
    assert parse(KASSE, other).by_ik("101575519") is None


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="array"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"{}", id="no version"),
        pytest.param(b'{"version":1}', id="no domainList"),
        pytest.param(b'{"version":"1","domainList":[]}', id="version as text"),
        pytest.param(b'{"version":true,"domainList":[]}', id="version as boolean"),
        pytest.param(b'{"version":-1,"domainList":[]}', id="version negative"),
        pytest.param(b'{"version":1.0,"domainList":[]}', id="version as float"),
        pytest.param(b'{"version":1,"domainList":{}}', id="domainList as object"),
        pytest.param(b'{"version":1,"version":2,"domainList":[]}', id="key twice"),
        pytest.param(b'{"version":NaN,"domainList":[]}', id="NaN"),
        pytest.param(b'{"version":1,"domainList":[],"x":"\xff"}', id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte order mark"),
        pytest.param(b'{"version":' + b"9" * 5000 + b',"domainList":[]}', id="number of 5,000 digits"),
        pytest.param(b'{"version":1,"domainList":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", id="too deep"),
        pytest.param(b'{"a":' * 200_000, id="200,000 objects deep"),
    ],
)
def test_what_is_no_list_is_refused(payload: bytes) -> None:
    with pytest.raises(Malformed):
        parse_federation_list(payload)


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(PRAXIS | KASSE, JSON_VALUES)) | JSON_VALUES))
def test_parsing_is_total_and_counts_every_entry(entries: list[Any]) -> None:
    try:
        federation_list = parse(*entries)
    except Malformed:
        return
    assert federation_list.entries == len(entries)
    assert federation_list.servers <= len(entries)
