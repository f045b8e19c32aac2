"""Encryption at rest: everything personal in the bot's database is sealed with keys from outside it."""

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tim_bots.secret_files import read_secret
from tim_policy.errors import ConfigError, TimError

KEY_BYTES = 32
_FORMAT = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEADER_BYTES = len(_FORMAT) + _KEY_ID_BYTES


class SealBroken(TimError):
    """Sealed data was written with another key or was changed."""


class Cipher:
    """AES-256-GCM (NIST SP 800-38D). What it makes: format (1 byte), key id (4), nonce (12), ciphertext and tag.

    Args:
        key: 32 random bytes that seal columns; replaced by `tim bot rotate-key`.
        root: 32 random bytes from which `derive` makes further keys; never replaced, since keyed hashes in the
            database follow from it. None: the same as `key`.
    """

    def __init__(self, key: bytes, root: bytes | None = None) -> None:
        for given in (key, root or key):
            if len(given) != KEY_BYTES:
                raise ConfigError(f"the key must be {KEY_BYTES} bytes long (got {len(given)})")
        self._root = root or key
        self._aead = AESGCM(_derive(key, "column encryption"))
        self._header = _FORMAT + hashlib.sha256(b"tim_bots key id" + key).digest()[:_KEY_ID_BYTES]

    @classmethod
    def from_file(cls, path: Path) -> "Cipher":
        """The cipher of a key file.

        Raises:
            ConfigError: see `read_key_file`.
        """
        return cls(read_key_file(path))

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key of its own for `purpose` (RFC 5869), e.g. for the crypto store's pickles."""
        return _derive(self._root, purpose)

    def seal(self, plaintext: bytes, context: str, *row: str) -> bytes:
        """Encrypt.

        Args:
            plaintext: what to seal.
            context: `table.column`.
            row: the values that name the row. Both are authenticated: a value cannot be moved elsewhere.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return self._header + nonce + self._aead.encrypt(nonce, plaintext, self._bound_to(context, row))

    def open(self, sealed: bytes, context: str, *row: str) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            SealBroken: wrong key, wrong context or row, or changed data.
        """
        if sealed[:_HEADER_BYTES] != self._header:
            raise SealBroken(f"cannot open sealed data ({context}): it was sealed with another key")
        nonce, ciphertext = sealed[_HEADER_BYTES:][:_NONCE_BYTES], sealed[_HEADER_BYTES + _NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, ciphertext, self._bound_to(context, row))
        except (InvalidTag, ValueError):
            raise SealBroken(f"cannot open sealed data ({context}): wrong key_file, or the data was changed") from None

    def _bound_to(self, context: str, row: tuple[str, ...]) -> bytes:
        parts = [self._header, *(part.encode() for part in (context, *row))]
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _derive(key: bytes, purpose: str) -> bytes:
    hkdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"tim_bots " + purpose.encode())
    return hkdf.derive(key)


def write_new_key(path: Path) -> None:
    """Write a key file: base64 of 32 random bytes, on the disk when this returns.

    Raises:
        ConfigError: the file exists, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} exists; a key in use must not be overwritten: choose another name") from None
    except OSError as error:
        raise ConfigError(f"cannot write {path} ({type(error).__name__})") from None
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_key_file(path: Path) -> bytes:
    """Read a key: base64 of 32 random bytes, in a file that its owner alone can read.

    Raises:
        ConfigError: the file is missing, readable by others, or not such a key.
    """
    try:
        key = base64.b64decode(read_secret(path, "key_file").strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError(f"key_file: {path} is not base64; make one with: tim bot new-key {path}") from None
    if len(key) != KEY_BYTES:
        raise ConfigError(f"key_file: {path} must hold {KEY_BYTES} bytes (got {len(key)})")
    return key
