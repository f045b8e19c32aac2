"""Whoever edits, cuts or reorders the audit log is found out."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.audit_log import (
    ACTIONS,
    AuditKind,
    Broken,
    Entry,
    Finding,
    Head,
    Occurrence,
    audit_event,
    checkpoint_detail,
    checkpoint_of,
    next_entry,
    occurrence_of,
    verify,
)

KEY, OTHER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key()


def log(count: int, key: Ed25519PrivateKey = KEY) -> list[Entry]:
    entries: list[Entry] = []
    head = Head()
    for number in range(count):
        detail = {"deleted": number, "case": "Ä 1/26"}
        said = Occurrence(AuditKind.RETENTION_RUN, f"2026-11-25T12:00:{number:02}+00:00", "tim_synapse", detail)
        entries.append(next_entry(head, said, key))
        head = Head(entries[-1].number, entries[-1].digest)
    return entries


LOG = log(6)
END = Head(6, LOG[-1].digest)


def test_an_untouched_log_is_whole() -> None:
    assert verify(LOG, PUBLIC) == (END, [])
    assert verify(LOG, PUBLIC, Head(4, LOG[3].digest)) == (END, [])
    assert verify([], PUBLIC, Head()) == (Head(), [])


def edited(entries: list[Entry]) -> list[Entry]:
    return [*entries[:2], replace(entries[2], body=entries[2].body.replace('"deleted":2', '"deleted":3')), *entries[3:]]


def rewritten(entries: list[Entry]) -> list[Entry]:
    """By somebody who knows the format but has another key."""
    return [*entries[:2], *log(6, OTHER_KEY)[2:]]


ATTACKS: list[tuple[Callable[[list[Entry]], list[Entry]], set[Broken]]] = [
    (edited, {Broken.DIGEST}),
    (rewritten, {Broken.SIGNATURE}),
    (lambda entries: entries[1:], {Broken.START}),
    (lambda entries: [*entries[:3], *entries[4:]], {Broken.GAP, Broken.PREVIOUS}),
    (lambda entries: [entries[1], entries[0], *entries[2:]], {Broken.START, Broken.GAP, Broken.PREVIOUS}),
    (lambda entries: [*entries[:2], entries[1], *entries[2:]], {Broken.GAP, Broken.PREVIOUS}),
    (lambda entries: [replace(entries[0], signature="x"), *entries[1:]], {Broken.SIGNATURE}),
    (lambda entries: [replace(entries[0], body="[]"), *entries[1:]], {Broken.DIGEST, Broken.UNREADABLE}),
    (lambda entries: entries[:-1], {Broken.HEAD}),
    (lambda _: [], {Broken.HEAD}),
]


@pytest.mark.parametrize(("attack", "faults"), ATTACKS)
def test_an_attack_is_found(attack: Callable[[list[Entry]], list[Entry]], faults: set[Broken]) -> None:
    _, findings = verify(attack(LOG), PUBLIC, END)
    assert faults <= {finding.fault for finding in findings}


def test_without_a_known_head_a_cut_at_the_end_cannot_be_seen() -> None:
    assert verify(LOG[:-1], PUBLIC) == (Head(5, LOG[4].digest), [])


@given(st.lists(st.integers(min_value=0, max_value=5), max_size=8))
def test_any_other_selection_or_order_is_found(order: list[int]) -> None:
    _, findings = verify([LOG[index] for index in order], PUBLIC, END)
    assert bool(findings) == (order != list(range(6)))


@given(st.integers(min_value=0, max_value=5), st.sampled_from(["body", "digest", "signature"]), st.text(max_size=20))
def test_any_other_text_is_found(index: int, field: str, text: str) -> None:
    entries = list(LOG)
    changes: dict[str, Any] = {field: text}
    entries[index] = replace(entries[index], **changes)
    _, findings = verify(entries, PUBLIC)
    assert findings
    assert all(isinstance(finding, Finding) for finding in findings)


def test_an_entry_is_a_fhir_audit_event() -> None:
    event = audit_event(LOG[2], "praxis.test")
    assert (event["resourceType"], event["action"], event["outcome"]) == ("AuditEvent", "D", "0")
    assert event["recorded"] == "2026-11-25T12:00:02+00:00"
    assert {"type": "deleted", "valueString": "2"} in event["entity"][0]["detail"]
    json.dumps(event)


def test_every_kind_has_an_action() -> None:
    assert set(ACTIONS) == set(AuditKind)
    assert occurrence_of(LOG[0]).detail == {"deleted": 0, "case": "Ä 1/26"}


def pruned_log() -> tuple[list[Entry], list[Entry]]:
    """Eleven entries of which three, and then five, went; what is left, and all."""
    every = log(6)
    for last in (3, 5):
        head = Head(every[-1].number, every[-1].digest)
        detail = checkpoint_detail(
            Head(last, every[last - 1].digest), {AuditKind.RETENTION_POLICY: {"policy": "minimal"}}
        )
        every.append(next_entry(head, Occurrence(AuditKind.CHECKPOINT, "2026-11-26T12:00:00+00:00", "x", detail), KEY))
        for number in range(2):
            head = Head(every[-1].number, every[-1].digest)
            said = Occurrence(AuditKind.ERASURE, f"2026-11-27T12:00:0{number}+00:00", "@admin:x", {})
            every.append(next_entry(head, said, KEY))
    return every[5:], every


LEFT, EVERY = pruned_log()
LEFT_END = Head(LEFT[-1].number, LEFT[-1].digest)


def with_forged_checkpoint(entries: list[Entry]) -> list[Entry]:
    """Cut one more, and let a checkpoint of one's own, with another key, say that this is right."""
    head = Head(entries[-1].number, entries[-1].digest)
    detail = checkpoint_detail(Head(entries[0].number, entries[0].digest), {})
    said = Occurrence(AuditKind.CHECKPOINT, "2026-11-28T12:00:00+00:00", "x", detail)
    return [*entries[1:], next_entry(head, said, OTHER_KEY)]


def with_moved_checkpoint(entries: list[Entry]) -> list[Entry]:
    checkpoint = entries[4]
    moved = replace(checkpoint, body=checkpoint.body.replace('"pruned_to":5', '"pruned_to":6'))
    assert moved != checkpoint
    return [*entries[1:4], moved, *entries[5:]]


def test_what_retention_left_is_whole() -> None:
    assert checkpoint_of(LEFT[1]) == Head(3, EVERY[2].digest)
    assert checkpoint_of(LEFT[4]) == Head(5, EVERY[4].digest)
    assert verify(LEFT, PUBLIC) == (LEFT_END, [])
    assert verify(LEFT, PUBLIC, LEFT_END) == (LEFT_END, [])
    assert verify(LEFT, PUBLIC, Head(5, EVERY[4].digest)) == (LEFT_END, [])


@pytest.mark.parametrize(
    ("attack", "faults"),
    [
        (lambda entries: entries[1:], {Broken.START}),
        (lambda entries: entries[2:], {Broken.START}),
        (lambda entries: entries[5:], {Broken.START}),
        (lambda _: EVERY, {Broken.START}),
        (lambda _: EVERY[3:], {Broken.START}),
        (lambda entries: [*entries[:4], *entries[5:]], {Broken.GAP, Broken.PREVIOUS, Broken.START}),
        (lambda entries: entries[:4], {Broken.START, Broken.HEAD}),
        (lambda entries: [entries[0], entries[4], *entries[1:4], *entries[5:]], {Broken.GAP, Broken.PREVIOUS}),
        (with_forged_checkpoint, {Broken.SIGNATURE, Broken.START}),
        (with_moved_checkpoint, {Broken.DIGEST, Broken.START}),
        (lambda _: [], {Broken.HEAD}),
    ],
)
def test_an_attack_at_a_checkpoint_is_found(attack: Callable[[list[Entry]], list[Entry]], faults: set[Broken]) -> None:
    _, findings = verify(attack(LEFT), PUBLIC, LEFT_END)
    assert faults <= {finding.fault for finding in findings}


def test_a_head_older_than_what_is_left_is_no_proof() -> None:
    _, findings = verify(LEFT, PUBLIC, Head(2, EVERY[1].digest))
    assert findings == [Finding(2, Broken.OLD_HEAD)]
    _, findings = verify(LEFT, PUBLIC, Head(5, "0" * 64))
    assert [finding.fault for finding in findings] == [Broken.HEAD]


@given(st.lists(st.integers(min_value=0, max_value=len(EVERY) - 1), max_size=12))
def test_any_other_selection_or_order_of_a_pruned_log_is_found(order: list[int]) -> None:
    _, findings = verify([EVERY[index] for index in order], PUBLIC, LEFT_END)
    assert bool(findings) == (order != list(range(5, len(EVERY))))
