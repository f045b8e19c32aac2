"""The recovery key as people write it down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.identity.recovery_key import BadRecoveryKey, read_recovery_key, write_recovery_key

KEY = bytes(range(32))


@given(st.binary(min_size=32, max_size=32))
def test_what_is_written_can_be_read(key: bytes) -> None:
    assert read_recovery_key(write_recovery_key(key)) == key


def test_the_form_is_that_of_the_specification() -> None:
    """Client-server API, "Key representation": keys begin with "Es", in groups of four."""
    text = write_recovery_key(KEY)
    assert text.startswith("Es")
    assert {len(group) for group in text.split()[:-1]} == {4}


def test_white_space_does_not_matter() -> None:
    text = write_recovery_key(KEY)
    assert read_recovery_key(" " + text.replace(" ", "\n") + "\t") == KEY


@pytest.mark.parametrize("place", range(0, 48, 5))
def test_a_typing_error_is_found(place: int) -> None:
    letters = list(write_recovery_key(KEY).replace(" ", ""))
    letters[place] = "A" if letters[place] != "A" else "B"
    with pytest.raises(BadRecoveryKey):
        read_recovery_key("".join(letters))


@pytest.mark.parametrize("text", ["", "Es", "0OIl", "EsTc " * 20, "ä" * 48, write_recovery_key(KEY)[:-5]])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadRecoveryKey):
        read_recovery_key(text)


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(BadRecoveryKey):
        read_recovery_key(text)
