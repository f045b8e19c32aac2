"""Ed25519 signatures of JSON objects as Matrix makes them (appendices, "Signing JSON"), without any network."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def public_key(seed: bytes) -> str:
    """The public key in unpadded base64, as Matrix writes keys."""
    return unpadded(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def verify_device_signed(keys_query: Mapping[str, Any], user_id: str, device_id: str) -> bool:
    """Whether a `/keys/query` answer proves that the device belongs to its user's cross-signing identity.

    The chain is master key, self-signing key signed by it, device signed by that. That the master key is the
    right person's is not verified here.
    """
    try:
        master = keys_query["master_keys"][user_id]
        self_signing = keys_query["self_signing_keys"][user_id]
        device = keys_query["device_keys"][user_id][device_id]
        is_consistent = (
            master["user_id"] == self_signing["user_id"] == device["user_id"] == user_id
            and device["device_id"] == device_id
            and master["usage"] == ["master"]
            and self_signing["usage"] == ["self_signing"]
        )
        return (
            is_consistent
            and is_signed_by(self_signing, user_id, only_key(master))
            and is_signed_by(device, user_id, only_key(self_signing))
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def signed(plain: dict[str, Any], seed: bytes, user_id: str, key_id: str) -> dict[str, Any]:
    """`plain` with the signature that the private key `seed` makes, under the name `ed25519:key_id`."""
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(canonical_json(plain))
    return plain | {"signatures": {user_id: {f"ed25519:{key_id}": unpadded(signature)}}}


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Matrix specification, appendices, "Canonical JSON", without `signatures` and `unsigned`."""
    plain = {key: part for key, part in value.items() if key not in {"signatures", "unsigned"}}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def only_key(key_object: Mapping[str, Any]) -> str:
    """The public key in a cross-signing key object.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is no such object.
    """
    ((key_id, key),) = key_object["keys"].items()
    if key_id != f"ed25519:{key}":
        raise ValueError("the key's name is not the key")
    return str(key)


def is_signed_by(signed: Mapping[str, Any], user_id: str, key: str) -> bool:
    """Whether the signature under the name of `key` was made by it.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: there is none, or it is malformed.
    """
    signature = from_unpadded(signed["signatures"][user_id][f"ed25519:{key}"])
    try:
        Ed25519PublicKey.from_public_bytes(from_unpadded(key)).verify(signature, canonical_json(signed))
    except InvalidSignature:
        return False
    return True


def unpadded(data: bytes) -> str:
    """Base64 as Matrix writes it."""
    return b64encode(data).decode().rstrip("=")


def from_unpadded(text: str) -> bytes:
    """The opposite of `unpadded`.

    Raises:
        ValueError: no base64.
    """
    return b64decode(text + "=" * (-len(text) % 4), validate=True)
