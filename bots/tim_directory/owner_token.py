"""The RegService-OpenID-Token: how a registration service vouches for an organisation (rulebook 9.3).

A compact JWS, `alg` BP256R1: ECDSA over SHA-256 on brainpoolP256r1, signature as R || S (RFC 7518 section 3.4).
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from tim_policy.errors import ConfigError

ALGORITHM = "BP256R1"
LIFETIME = timedelta(minutes=5)
_COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class OwnerIdentity:
    """The registration service.

    Args:
        issuer: its URL.
        certificates: the C.FD.SIG certificate first, its CAs behind it.
        key: on brainpoolP256r1.
    """

    issuer: str
    certificates: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.key.curve, ec.BrainpoolP256R1):
            raise ConfigError("owner key: not on the curve brainpoolP256r1")
        if not self.certificates or self.certificates[0].public_key() != self.key.public_key():
            raise ConfigError("owner certificate: does not belong to the key; name the certificate of this key first")


def read_owner_identity(issuer: str, certificates: Path, key: Path) -> OwnerIdentity:
    """Read the identity from two PEM files.

    Raises:
        ConfigError: a file cannot be read, or they do not belong together.
    """
    try:
        chain = tuple(x509.load_pem_x509_certificates(certificates.read_bytes()))
    except (OSError, ValueError) as error:
        raise ConfigError(f"owner certificate: cannot read {certificates} ({type(error).__name__})") from None
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"owner key: cannot read {key} ({type(error).__name__})") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"owner key: {key} is no key on an elliptic curve")
    return OwnerIdentity(issuer, chain, private)


def sign_owner_token(
    identity: OwnerIdentity,
    telematik_id: str,
    audience: str,
    now: datetime,
    *,
    profession_oid: str | None = None,
    lifetime: timedelta = LIFETIME,
) -> str:
    """Vouch for an organisation.

    Args:
        identity: who vouches.
        telematik_id: of the organisation (`idNummer`).
        audience: the address that takes the token.
        now: the time of issue; timezone-aware.
        profession_oid: of the organisation; None: left out.
        lifetime: until `exp`.
    """
    header = {
        "alg": ALGORITHM,
        "typ": "JWT",
        "x5c": [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in identity.certificates],
    }
    claims = {
        "sub": telematik_id,
        "iss": identity.issuer,
        "aud": audience,
        "idNummer": telematik_id,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "jti": str(uuid4()),
        **({} if profession_oid is None else {"professionOID": profession_oid}),
    }
    signed = f"{_part(header)}.{_part(claims)}"
    r, s = decode_dss_signature(identity.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_base64url(r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES))}"


def _part(content: object) -> str:
    return _base64url(json.dumps(content, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
