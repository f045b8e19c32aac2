"""Entries of the contact list: read completely or not at all, and valid from the first to the last second."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.contact_list import Contact, InvalidContact, parse_contact
from tim_policy.names import parse_user_id

ENTRY: dict[str, Any] = {
    "displayName": "Berger, Anna",
    "mxid": "@anna:pflege.tim.test",
    "inviteSettings": {"start": 100, "end": 200},
}


def entry(**changes: Any) -> dict[str, Any]:
    return ENTRY | changes


@pytest.mark.requirement("AF_10061")
@pytest.mark.parametrize(
    ("end", "now", "admits"),
    [
        (200, 99.999, False),
        (200, 100, True),
        (200, 200, True),
        (200, 200.001, False),
        (None, 99, False),
        (None, 1e12, True),
        (100, 100, True),
    ],
)
def test_an_entry_admits_from_start_to_end(end: int | None, now: float, admits: bool) -> None:
    assert Contact("Anna", parse_user_id("@anna:pflege.tim.test"), 100, end).admits(now) is admits


@pytest.mark.parametrize("settings", [{"start": 100, "end": 200}, {"start": -5}, {"start": 0, "end": 2**63 - 1}])
def test_an_entry_is_told_as_it_was_read(settings: dict[str, int]) -> None:
    assert parse_contact(entry(inviteSettings=settings)).to_json() == entry(inviteSettings=settings)


def test_null_as_end_is_no_end_and_unknown_fields_are_ignored() -> None:
    contact = parse_contact(entry(inviteSettings={"start": 1, "end": None, "zone": "UTC"}, note=7))
    assert contact.to_json() == entry(inviteSettings={"start": 1})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "object"),
        ([], "object"),
        (entry(displayName=None), "displayName"),
        (entry(displayName=""), "displayName"),
        (entry(displayName="a" * 257), "displayName"),
        (entry(displayName="a\x00"), "displayName"),
        (entry(displayName="\ud800"), "displayName"),
        (entry(mxid="anna"), "mxid"),
        (entry(mxid=None), "mxid"),
        (entry(mxid="@anna:pflege.tim.test/.."), "mxid"),
        (entry(inviteSettings=None), "inviteSettings"),
        (entry(inviteSettings={}), "start"),
        (entry(inviteSettings={"start": "1654159585"}), "start"),
        (entry(inviteSettings={"start": True}), "start"),
        (entry(inviteSettings={"start": 1.5}), "start"),
        (entry(inviteSettings={"start": 2**63}), "start"),
        (entry(inviteSettings={"start": 1, "end": "x"}), "end"),
        (entry(inviteSettings={"start": 2, "end": 1}), "end"),
    ],
)
def test_what_does_not_follow_the_schema_is_refused_by_field(body: Any, field: str) -> None:
    with pytest.raises(InvalidContact, match=field):
        parse_contact(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional={"displayName": JSON, "mxid": JSON, "inviteSettings": JSON}) | JSON)
def test_reading_is_total(body: Any) -> None:
    with contextlib.suppress(InvalidContact):
        parse_contact(body)


def test_the_error_repeats_nothing_of_the_content() -> None:
    with pytest.raises(InvalidContact) as caught:
        parse_contact(entry(mxid="geheim"))
    assert "geheim" not in str(caught.value)
