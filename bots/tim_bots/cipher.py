"""Encryption at rest: everything personal in the bot's database is sealed with one key from outside it."""

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tim_policy.errors import ConfigError, TimError

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBroken(TimError):
    """Sealed data was written with another key or was changed."""


class Cipher:
    """AES-256-GCM under a key-encryption key that never stands in the database (NIST SP 800-38D).

    Args:
        key: 32 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ConfigError(f"the key must be {_KEY_BYTES} bytes long (got {len(key)})")
        self._key = key
        self._aead = AESGCM(self.derive("column encryption"))

    @classmethod
    def from_file(cls, path: Path) -> "Cipher":
        """Read the key from a file: base64 of 32 random bytes, readable by its owner only.

        Raises:
            ConfigError: the file is missing, readable by others, or not such a key.
        """
        try:
            text = path.read_text(encoding="ascii")
            mode = path.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"key_file: cannot read {path} ({type(error).__name__})") from None
        if mode & 0o077:
            raise ConfigError(f"key_file: {path} is open to other users; run: chmod 600 {path}")
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except binascii.Error:
            raise ConfigError(f"key_file: {path} is not base64; make one with: tim bot new-key {path}") from None

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key of its own for `purpose` (RFC 5869), e.g. for the crypto store's pickles."""
        hkdf = HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=b"tim_bots " + purpose.encode())
        return hkdf.derive(self._key)

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt; `context` (table and column) is authenticated, so a value cannot be moved elsewhere."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plaintext, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            SealBroken: wrong key, wrong context or changed data.
        """
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(f"cannot open sealed data ({context}): wrong key_file, or the data was changed") from None
