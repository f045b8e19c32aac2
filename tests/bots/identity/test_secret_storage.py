"""Secrets under the recovery key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.identity.recovery_key import BadRecoveryKey
from tim_bots.identity.secret_storage import MASTER, decrypt_secret, describe_key, encrypt_secret, is_described

KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.binary(min_size=1, max_size=100))
def test_a_secret_survives(secret: bytes) -> None:
    assert decrypt_secret(KEY, MASTER, encrypt_secret(KEY, MASTER, secret)) == secret


@pytest.mark.parametrize(
    ("key", "name", "change"),
    [
        pytest.param(OTHER, MASTER, {}, id="other key"),
        pytest.param(KEY, "m.cross_signing.self_signing", {}, id="moved to another name"),
        pytest.param(KEY, MASTER, {"ciphertext": "AAAA"}, id="changed ciphertext"),
        pytest.param(KEY, MASTER, {"mac": "AAAA"}, id="changed mac"),
        pytest.param(KEY, MASTER, {"mac": None}, id="no mac"),
        pytest.param(KEY, MASTER, {"iv": "!!"}, id="no base64"),
    ],
)
def test_anything_else_does_not_open(key: bytes, name: str, change: dict[str, Any]) -> None:
    encrypted = encrypt_secret(KEY, MASTER, b"secret")
    with pytest.raises(BadRecoveryKey):
        decrypt_secret(key, name, encrypted | change)


def test_the_right_key_is_recognised() -> None:
    description = describe_key(KEY)
    assert is_described(KEY, description)
    assert not is_described(OTHER, description)


@pytest.mark.parametrize("description", [{}, {"iv": 5}, {"algorithm": "x"}, {"iv": "!", "mac": "!"}])
def test_a_malformed_description_fits_no_key(description: dict[str, Any]) -> None:
    assert not is_described(KEY, description)
