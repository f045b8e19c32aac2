"""Secrets in the account data of the homeserver, encrypted under the recovery key (client-server API, "Secrets").

With them, and the recovery key, the identity outlives the machine; an operator can also log in as the bot in
Element. The first half of this file encrypts, the second half talks to the homeserver.
"""

import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nio import AsyncClient

from tim_bots.cross_signing import Seeds
from tim_bots.identity.key_backup import backup_seed
from tim_bots.identity.recovery_key import BadRecoveryKey
from tim_bots.matrix_http import RequestFailed, call, demand
from tim_bots.signatures import from_unpadded, unpadded
from tim_policy.errors import TimError

ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2"
MASTER, SELF_SIGNING, USER_SIGNING = (f"m.cross_signing.{name}" for name in ("master", "self_signing", "user_signing"))
BACKUP = "m.megolm_backup.v1"
_DEFAULT_KEY = "m.secret_storage.default_key"
_NOT_FOUND = 404


class NoSecretStorage(TimError):
    """The account has no secrets in the homeserver's storage, or not those of a bot."""


def encrypt_secret(key: bytes, name: str, secret: bytes) -> dict[str, str]:
    """AES-256-CTR and HMAC-SHA-256 under keys derived from `key` and the secret's name."""
    iv = bytearray(os.urandom(16))
    iv[8] &= 0x7F  # bit 63: some libraries count in 64 bits
    aes_key, mac_key = _derive(key, name)
    ciphertext = _aes_ctr(aes_key, bytes(iv), secret)
    mac = hmac.digest(mac_key, ciphertext, "sha256")
    return {"iv": _base64(bytes(iv)), "ciphertext": _base64(ciphertext), "mac": _base64(mac)}


def decrypt_secret(key: bytes, name: str, encrypted: Mapping[str, Any]) -> bytes:
    """The opposite of `encrypt_secret`.

    Raises:
        BadRecoveryKey: encrypted under another key, or changed.
    """
    aes_key, mac_key = _derive(key, name)
    try:
        ciphertext, iv, mac = (from_unpadded(encrypted[part].rstrip("=")) for part in ("ciphertext", "iv", "mac"))
        is_same = hmac.compare_digest(hmac.digest(mac_key, ciphertext, "sha256"), mac)
        plain = _aes_ctr(aes_key, iv, ciphertext) if is_same else b""
    except (KeyError, TypeError, ValueError, AttributeError):
        is_same = False
    if not is_same:
        raise BadRecoveryKey("the recovery key is not the one of this account, or the stored secret was changed")
    return plain


def describe_key(key: bytes) -> dict[str, Any]:
    """The account data that lets a client recognise the right key without a secret."""
    check = encrypt_secret(key, "", bytes(32))
    return {"algorithm": ALGORITHM, "iv": check["iv"], "mac": check["mac"]}


def is_described(key: bytes, description: Mapping[str, Any]) -> bool:
    """Whether `describe_key` was made with this key; total on any JSON."""
    try:
        aes_key, mac_key = _derive(key, "")
        ciphertext = _aes_ctr(aes_key, from_unpadded(description["iv"].rstrip("=")), bytes(32))
        mac = from_unpadded(description["mac"].rstrip("="))
        return description["algorithm"] == ALGORITHM and hmac.compare_digest(
            hmac.digest(mac_key, ciphertext, "sha256"), mac
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def _derive(key: bytes, name: str) -> tuple[bytes, bytes]:
    derived = HKDF(algorithm=hashes.SHA256(), length=64, salt=bytes(32), info=name.encode()).derive(key)
    return derived[:32], derived[32:]


def _aes_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


async def has_secret_storage(client: AsyncClient) -> bool:
    """Whether the account has a recovery key.

    Raises:
        RequestFailed, TokenRevoked: the homeserver cannot say.
    """
    return bool((await _account_data(client, _DEFAULT_KEY)).get("key"))


async def store_secrets(client: AsyncClient, seeds: Seeds, key: bytes) -> None:
    """Put the identity under a recovery key; one that there was before opens nothing any more.

    Raises:
        RequestFailed, TokenRevoked: the homeserver refused; run it again.
    """
    key_id = unpadded(os.urandom(24)).replace("+", "A").replace("/", "B")
    await _set_account_data(client, f"m.secret_storage.key.{key_id}", describe_key(key))
    for name, secret in _secrets(seeds).items():
        plain = unpadded(secret).encode()
        await _set_account_data(client, name, {"encrypted": {key_id: encrypt_secret(key, name, plain)}})
    await _set_account_data(client, _DEFAULT_KEY, {"key": key_id})  # last: nobody finds half of it


async def fetch_seeds(client: AsyncClient, key: bytes) -> Seeds:
    """The identity from the homeserver's storage.

    Raises:
        NoSecretStorage: nothing was ever stored.
        BadRecoveryKey: the key is not the right one.
        RequestFailed, TokenRevoked: the homeserver cannot answer.
    """
    key_id = (await _account_data(client, _DEFAULT_KEY)).get("key")
    if not isinstance(key_id, str):
        raise NoSecretStorage(
            "recovery: the account has no recovery key, because `tim bot identity init` was never run for it; "
            "restore bot.db from the backup, or have an administrator reset the account's identity"
        )
    if not is_described(key, await _account_data(client, f"m.secret_storage.key.{key_id}")):
        raise BadRecoveryKey("recovery: this recovery key belongs to another account, or was replaced by a newer one")
    seeds = []
    for name in (MASTER, SELF_SIGNING, USER_SIGNING):
        encrypted = (await _account_data(client, name)).get("encrypted")
        if not isinstance(encrypted, Mapping) or key_id not in encrypted:
            raise NoSecretStorage(f"recovery: the account's storage lacks {name}")
        seeds.append(b64decode(decrypt_secret(key, name, encrypted[key_id]) + b"=="))
    return Seeds(*seeds)


def _secrets(seeds: Seeds) -> dict[str, bytes]:
    return {
        MASTER: seeds.master,
        SELF_SIGNING: seeds.self_signing,
        USER_SIGNING: seeds.user_signing,
        BACKUP: backup_seed(seeds),
    }


def _path(client: AsyncClient, name: str) -> str:
    return f"/_matrix/client/v3/user/{quote(client.user_id, safe='')}/account_data/{quote(name, safe='')}"


async def _account_data(client: AsyncClient, name: str) -> dict[str, Any]:
    status, answer = await call(client, "GET", _path(client, name))
    if status == _NOT_FOUND:
        return {}
    if status >= 300:  # noqa: PLR2004 - HTTP
        raise RequestFailed(status, str(answer.get("errcode", "")))
    return answer


async def _set_account_data(client: AsyncClient, name: str, content: dict[str, Any]) -> None:
    await demand(client, "PUT", _path(client, name), content)
