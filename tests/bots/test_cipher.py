"""Encryption at rest."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.cipher import Cipher, SealBroken
from tim_bots.cli import new_key
from tim_policy.errors import ConfigError

CIPHER = Cipher(b"k" * 32)


@given(st.binary(), st.text())
def test_what_was_sealed_can_be_opened(plaintext: bytes, context: str) -> None:
    assert CIPHER.open(CIPHER.seal(plaintext, context), context) == plaintext


@given(st.binary(min_size=1), st.data())
def test_a_changed_byte_is_noticed(plaintext: bytes, data: st.DataObject) -> None:
    sealed = bytearray(CIPHER.seal(plaintext, "inbox.content"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        CIPHER.open(bytes(sealed), "inbox.content")


def test_a_value_cannot_be_moved_to_another_column() -> None:
    with pytest.raises(SealBroken):
        CIPHER.open(CIPHER.seal(b"x", "inbox.content"), "outbox.content")


@pytest.mark.parametrize("rows", [(("1",), ("2",)), (("a", "bc"), ("ab", "c")), ((), ("",)), (("a",), ("a", ""))])
def test_a_value_cannot_be_moved_to_another_row(rows: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    assert CIPHER.open(CIPHER.seal(b"x", "inbox.content", *rows[0]), "inbox.content", *rows[0]) == b"x"
    with pytest.raises(SealBroken):
        CIPHER.open(CIPHER.seal(b"x", "inbox.content", *rows[0]), "inbox.content", *rows[1])


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SealBroken):
        Cipher(os.urandom(32)).open(CIPHER.seal(b"x", "a"), "a")


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(28), CIPHER.seal(b"", "a")[:5]])
def test_what_is_no_seal_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        CIPHER.open(sealed, "a")


def test_derived_keys_differ_by_purpose() -> None:
    assert len({CIPHER.derive("a"), CIPHER.derive("b"), CIPHER.derive("column encryption"), b"k" * 32}) == 4


def test_a_new_key_is_private_usable_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    new_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    Cipher.from_file(path)
    with pytest.raises(ConfigError, match="must not be overwritten"):
        new_key(path)


@pytest.mark.parametrize(
    ("content", "mode"), [("!!", 0o600), ("YQ==", 0o600), ("", 0o600), ("a" * 44, 0o644), (None, 0)]
)
def test_an_unusable_key_file_is_refused(tmp_path: Path, content: str | None, mode: int) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(ConfigError):
        Cipher.from_file(path)
