"""Check level 3 of 1.1: the directory's answers and what they admit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.directory.where_is import DirectoryPart, UnreadableDirectoryPart, Whereabouts, parse_directory_part

ORG, PRACT, BOTH, NONE = (
    DirectoryPart.ORGANISATION,
    DirectoryPart.PRACTITIONER,
    DirectoryPart.BOTH,
    DirectoryPart.NONE,
)


@pytest.mark.requirement("AF_10061")
@pytest.mark.parametrize("inviter", [None, *DirectoryPart])
@pytest.mark.parametrize("invitee", list(DirectoryPart))
def test_level_three(invitee: DirectoryPart, inviter: DirectoryPart | None) -> None:
    admitted = {(ORG, any_part) for any_part in (None, *DirectoryPart)}
    admitted |= {(BOTH, any_part) for any_part in (None, *DirectoryPart)}
    admitted |= {(PRACT, PRACT), (PRACT, BOTH)}
    assert Whereabouts(invitee, inviter).admits is ((invitee, inviter) in admitted)


def test_the_inviter_matters_only_to_a_practitioner() -> None:
    assert [part for part in DirectoryPart if Whereabouts(part).needs_inviter] == [PRACT]
    assert not any(Whereabouts(PRACT, part).needs_inviter for part in DirectoryPart)


@pytest.mark.parametrize("part", list(DirectoryPart))
def test_answers_of_the_schema_are_read(part: DirectoryPart) -> None:
    assert parse_directory_part(json.dumps(part.value).encode()) is part


@pytest.mark.parametrize(
    "body",
    [b"", b"org", b'"Org"', b'"org "', b'["org"]', b'{"org": 1}', b"null", b"true", b"1", b"\xff", b"[" * 9999],
)
def test_nothing_else_is_an_answer(body: bytes) -> None:
    with pytest.raises(UnreadableDirectoryPart):
        parse_directory_part(body)


@given(st.binary(max_size=64))
def test_any_bytes_are_an_answer_or_refused(body: bytes) -> None:
    try:
        part = parse_directory_part(body)
    except UnreadableDirectoryPart:
        return
    assert json.loads(body) == part.value
