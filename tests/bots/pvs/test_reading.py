"""Decisions in files: understood, or refused with a reason that repeats nothing of the file."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.api.models import What
from tim_bots.pvs.gdt import Record, write_record
from tim_bots.pvs.reading import NUMBER_SYSTEM, Unreadable, Wish, read_wish

TASK: dict[str, Any] = {
    "resourceType": "Task",
    "identifier": [{"system": NUMBER_SYSTEM, "value": "17"}, {"system": "other", "value": "99"}],
    "status": "completed",
    "intent": "order",
}
XML = (
    '<Task xmlns="http://hl7.org/fhir"><identifier><system value="urn:tim-suite:counter"/><value value="17"/>'
    '</identifier><status value="rejected"/><statusReason><text value="Termin nötig"/></statusReason>'
    '<intent value="order"/></Task>'
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*TASK, "text", "value"]), inner),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("change", "wish"),
    [
        ({}, Wish(17, What.ACCEPT, "")),
        ({"note": [{"text": "liegt bereit"}]}, Wish(17, What.ACCEPT, "liegt bereit")),
        ({"output": [{"valueString": "Task/1/$accept?ac=2"}]}, Wish(17, What.ACCEPT, "Task/1/$accept?ac=2")),
        ({"status": "rejected", "statusReason": {"text": "zu früh"}}, Wish(17, What.DECLINE, "zu früh")),
        ({"status": "on-hold", "note": [{"text": "Seit wann?"}]}, Wish(17, What.ASK, "Seit wann?")),
        ({"status": "accepted", "note": [{"text": "intern"}]}, Wish(17, What.TAKE, "")),
    ],
)
def test_a_task_decides(change: dict[str, Any], wish: Wish) -> None:
    assert read_wish("a.json", json.dumps(TASK | change).encode()) == wish
    assert read_wish("a.JSON", b"\xef\xbb\xbf" + json.dumps(TASK | change).encode()) == wish


def test_xml_decides_like_json() -> None:
    assert read_wish("a.xml", XML.encode()) == Wish(17, What.DECLINE, "Termin nötig")


def test_a_gdt_record_accepts_with_its_document() -> None:
    fields = (("8410", "17"), ("6220", "Zeile 1"), ("6220", "Zeile 2"), ("6305", "befund.pdf"))
    wish = read_wish("PVS1TIMB.001", write_record(Record("6310", fields)))
    assert wish == Wish(17, What.ACCEPT, "Zeile 1\nZeile 2", "befund.pdf")


ENTITY = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.exe", b""),
        ("a", b""),
        ("a.json", b""),
        ("a.json", b"{"),
        ("a.json", b"[]"),
        ("a.json", b"\xff\xfe"),
        ("a.json", b"[" * 100_000),
        ("a.json", json.dumps(TASK | {"resourceType": "Patient"}).encode()),
        ("a.json", json.dumps(TASK | {"status": "Kanarienvogel"}).encode()),
        ("a.json", json.dumps(TASK | {"identifier": []}).encode()),
        ("a.json", json.dumps(TASK | {"identifier": [{"system": NUMBER_SYSTEM, "value": 17}]}).encode()),
        ("a.json", json.dumps(TASK | {"identifier": [{"system": NUMBER_SYSTEM, "value": "17 OR 1"}]}).encode()),
        ("a.json", json.dumps(TASK | {"identifier": TASK["identifier"] * 2}).encode()),
        ("a.json", json.dumps(TASK | {"note": [{"text": "Kanarienvogel" * 1000}]}).encode()),
        ("a.xml", b""),
        ("a.xml", XML.encode()[:-5]),
        ("a.xml", (ENTITY + XML.replace("Termin", "&x;")).encode()),
        ("a.xml", (LAUGHS + XML.replace("Termin", "&b;")).encode()),
        ("a.xml", b"<a/>"),
        ("a.xml", (XML.replace("<status", "<x>" * 50 + "</x>" * 50 + "<status")).encode()),
        ("a.xml", b'<?xml version="1.0" encoding="klingon"?><a/>'),
        ("a.gdt", b""),
        ("a.gdt", write_record(Record("6301", (("8410", "17"),)))),
        ("a.gdt", write_record(Record("6310", (("6220", "ohne Nummer"),)))),
    ],
)
def test_what_decides_nothing_is_refused_with_a_reason(name: str, data: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        read_wish(name, data)
    assert str(refused.value)
    assert "Kanarienvogel" not in str(refused.value)


@given(JSON)
def test_any_json_is_read_or_refused(found: Any) -> None:
    for task in (found, TASK | found if isinstance(found, dict) else found):
        with contextlib.suppress(Unreadable):
            assert read_wish("a.json", json.dumps(task).encode()).number == 17


@given(st.sampled_from(["a.json", "a.xml", "a.gdt"]), st.binary(max_size=100))
def test_any_bytes_are_refused(name: str, data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_wish(name, data)
