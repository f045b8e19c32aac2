"""Signs federation lists the way the VZD does: compact JWS (RFC 7515) with the signer's certificate in `x5c`.

`BP256R1` is gematik's name for ECDSA over brainpoolP256r1 with SHA-256; `ES256` is RFC 7518 section 3.4.
"""

import base64
import enum
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tim_sandbox.pki import Identity

_COORDINATE_BYTES = 32


class SigAlg(enum.StrEnum):
    """Values of the VZD's `sigAlg` parameter."""

    BP256R1 = "BP256R1"
    ES256 = "ES256"


def sign_federation_list(
    payload: bytes | Mapping[str, Any],
    signer: Identity,
    alg: str = SigAlg.BP256R1,
    *,
    chain: Sequence[x509.Certificate] = (),
    header: Mapping[str, Any] | None = None,
) -> bytes:
    """The compact JWS over `payload`.

    Args:
        payload: a mapping is written as compact JSON; bytes are signed as they are, however broken.
        signer: signs with its key, whatever `alg` says.
        alg: goes into the header.
        chain: further certificates for `x5c`, behind the signer's.
        header: members that replace or extend the header (for tests of a verifier).
    """
    body = payload if isinstance(payload, bytes) else json_bytes(payload)
    members = {
        "alg": str(alg),
        "x5c": [base64.b64encode(der).decode() for der in (signer.der, *map(_der, chain))],
        "typ": "JWT",
        **(header or {}),
    }
    signing_input = b64url(json_bytes(members)) + b"." + b64url(body)
    return signing_input + b"." + b64url(sign(signing_input, signer.private_key))


def sign(message: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """ECDSA with SHA-256 in JOSE form: r and s, 32 bytes each, big endian."""
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def b64url(data: bytes) -> bytes:
    """base64url without padding (RFC 7515 appendix C)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
