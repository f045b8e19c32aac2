"""Telematik-IDs and professionOIDs, by the tables of the directory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.directory import profession
from tim_policy.directory.telematik_id import Holder, Kind, holder_of, is_telematik_id


@pytest.mark.parametrize(
    ("telematik_id", "kind", "is_person"),
    [
        ("1-1.23.456", Kind.PHYSICIAN, True),
        ("1-20-SANDBOX", Kind.PRACTICE, False),
        ("1-3", Kind.OTHER, False),
        ("2-1.2", Kind.DENTIST, True),
        ("2-01.2", Kind.DENTIST, True),
        ("2-2.2", Kind.DENTAL_PRACTICE, False),
        ("3-07.2.1444560000.16.108", Kind.PHARMACY, False),
        ("3-07.3.1444560000.16.108", Kind.PHARMACIST, True),
        ("3-SMC-B-Testkarte-883110000096089", Kind.PHARMACY, False),
        ("4-1", Kind.PSYCHOTHERAPIST, True),
        ("5-2-1", Kind.HOSPITAL, False),
        ("8-01-1", Kind.INSURER, False),
        ("8-03-1", Kind.INSURER, False),
        ("8-02-1", Kind.OTHER, False),
        ("9-1.32", Kind.PHARMACIST, True),
        ("9-2.50", Kind.PRACTICE, False),
        ("9-2.59.1", Kind.INSURER, False),
        ("9-2.273.1", Kind.INSURER, False),
        ("9-2.245.1", Kind.CARE, False),
        ("10-67.245.1", Kind.CARE, False),
        ("10-67.232.1", Kind.NURSE, True),
        ("10-67.236", Kind.PHYSIOTHERAPIST, True),
        ("110-67.245", Kind.OTHER, False),
        ("19-2x245", Kind.OTHER, False),
        ("9-2x245", Kind.OTHER, False),
        ("", Kind.OTHER, False),
    ],
)
def test_the_mapping_of_the_directory(telematik_id: str, kind: Kind, *, is_person: bool) -> None:
    assert holder_of(telematik_id) == Holder(kind, is_person)


@pytest.mark.parametrize("text", [None, 5, "", " 1-20", "1-20 ", "1-20\n", "１-20", "1" * 129])
def test_what_is_no_telematik_id(text: object) -> None:
    assert not is_telematik_id(text)


@given(st.text())
def test_total(text: str) -> None:
    assert isinstance(holder_of(text), Holder)
    kind = profession.organisation_kind(text)
    assert kind is None or not profession.is_person(text)


@pytest.mark.parametrize(
    ("oid", "kind"),
    [
        (profession.CARE, Kind.CARE),
        (profession.PHARMACY, Kind.PHARMACY),
        (profession.PRACTICE, Kind.PRACTICE),
        (profession.INSURED_PERSON, None),
        (f"{profession.PREFIX}0245", None),
        (f"{profession.PREFIX}245.1", None),
        ("1.2.276.0.76.5.245", None),
        ("245", None),
    ],
)
def test_organisations_by_their_code(oid: str, kind: Kind | None) -> None:
    assert profession.organisation_kind(oid) is kind


def test_who_is_shown_to_insured_persons() -> None:
    shown = {number for number in range(1000) if profession.is_shown_to_insured(f"{profession.PREFIX}{number}")}
    assert shown == {50, 51, 52, 53, 54, 245, 246, 247, 255, 256, 257, 278, 279, 280, 281, 282}
    assert profession.is_person(f"{profession.PREFIX}30")
    assert profession.is_person(f"{profession.PREFIX}241")
    assert not profession.is_person(f"{profession.PREFIX}245")
