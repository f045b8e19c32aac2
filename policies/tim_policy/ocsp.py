"""OCSP answers (RFC 6960): the certificate is good, says a responder that may say so, recently.

The answers come in as bytes; fetching them is the shell's work.
"""

import enum
from collections.abc import Collection
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tim_policy.certificate_chain import Untrusted, common_name

MAX_ANSWER_BYTES = 64 * 1024
CLOCK_SKEW = timedelta(minutes=5)
MAX_AGE_WITHOUT_NEXT_UPDATE = timedelta(hours=24)
"""TI responders answer live and may leave `nextUpdate` out; such an answer is used for this long."""

_SHORT_LENGTH = 0x80
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class OcspPolicy(enum.StrEnum):
    """What to do without a usable answer. A certificate said to be revoked is refused under both.

    `require` refuses the list; `soft` accepts it and says that revocation was not checked.
    """

    REQUIRE = "require"
    SOFT = "soft"


class OcspUnusable(Untrusted):
    """The answer proves nothing: unreadable, for another certificate, from a stranger, or out of date."""


class Revoked(Untrusted):
    """The responder says that the certificate is revoked or unknown."""


def check_ocsp(
    answer: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime,
    responders: Collection[x509.Certificate] = (),
) -> None:
    """The answer says "good" for `certificate`, and its signer may say so (A_25632, A_25635; RFC 6960 section 3.2).

    Args:
        answer: DER of one OCSPResponse.
        certificate, issuer: the certificate asked about and the CA that issued it.
        at: the instant to check for, timezone-aware.
        responders: pinned responder certificates, for CAs that name their responder on the TSL instead of
            delegating to it by a certificate.

    Raises:
        OcspUnusable: the answer proves nothing.
        Revoked: the status is revoked or unknown.
    """
    name = common_name(certificate)
    if len(answer) > MAX_ANSWER_BYTES:
        raise OcspUnusable(f"OCSP answer for '{name}': larger than {MAX_ANSWER_BYTES} bytes")
    try:
        response = ocsp.load_der_ocsp_response(answer)
        _check(response, certificate, issuer, at, responders, name)
        signatures = [response.signature, *(included.signature for included in response.certificates)]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):  # parsed on access
        raise OcspUnusable(f"OCSP answer for '{name}': not readable") from None
    if not all(_bit_string(signature) in answer for signature in signatures):
        raise OcspUnusable(f"OCSP answer for '{name}': a signature is not spelled as DER wants it")


def responder_address(certificate: x509.Certificate) -> str | None:
    """The http(s) address at which the certificate's CA answers (authorityInfoAccess); None when it names none."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    for description in access:
        location = description.access_location
        if description.access_method != AuthorityInformationAccessOID.OCSP:
            continue
        if isinstance(location, x509.UniformResourceIdentifier) and location.value.startswith(("http://", "https://")):
            return location.value
    return None


def fresh_until(answer: bytes) -> datetime | None:
    """`nextUpdate` of an answer that passed `check_ocsp`; None when it has none, so that a new one may be there now."""
    instants = [single.next_update_utc for single in ocsp.load_der_ocsp_response(answer).responses]
    known = [instant for instant in instants if instant is not None]
    return min(known) if len(known) == len(instants) else None


def _check(
    response: ocsp.OCSPResponse,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime,
    responders: Collection[x509.Certificate],
    name: str,
) -> None:
    # (1) a successful answer
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise OcspUnusable(f"OCSP answer for '{name}': the responder reports {response.response_status.name}")
    # (2) about this certificate
    single = _single_response(response, certificate, issuer)
    if single is None:
        raise OcspUnusable(f"OCSP answer for '{name}': is about another certificate")
    # (3) signed by the CA, by a responder of the CA, or by a pinned responder
    if not any(_is_signed_by(response, key) for key in _allowed_signers(response, issuer, at, responders)):
        raise OcspUnusable(f"OCSP answer for '{name}': not signed by a responder of its CA")
    # (4) good; before freshness, since who revokes a certificate does not take it back
    if single.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise Revoked(f"certificate '{name}' is {single.certificate_status.name.lower()}, says its OCSP responder")
    # (5) up to date
    _check_freshness(single, at, name)


def _single_response(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse | None:
    for single in response.responses:
        algorithm = single.hash_algorithm
        if (
            single.serial_number == certificate.serial_number
            and single.issuer_name_hash == _digest(algorithm, issuer.subject.public_bytes())
            and single.issuer_key_hash == _digest(algorithm, _key_bits(issuer))
        ):
            return single
    return None


def _bit_string(content: bytes) -> bytes:
    """The one DER spelling of a signature: other parsers' leniency would give an answer several (unused bits)."""
    length = len(content) + 1
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    header = octets if length < _SHORT_LENGTH else bytes([_SHORT_LENGTH | len(octets)]) + octets
    return b"\x03" + header + b"\x00" + content


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The BIT STRING of the public key, which is what `issuerKeyHash` covers (RFC 6960 section 4.1.1)."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)


def _allowed_signers(
    response: ocsp.OCSPResponse,
    issuer: x509.Certificate,
    at: datetime,
    responders: Collection[x509.Certificate],
) -> list[x509.Certificate]:
    delegated = [included for included in response.certificates if _is_delegated(included, issuer)]
    valid = [c for c in (*delegated, *responders) if c.not_valid_before_utc <= at <= c.not_valid_after_utc]
    return [issuer, *valid]


def _is_delegated(responder: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        responder.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _is_signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), response.signature_hash_algorithm
    if not isinstance(algorithm, _HASHES):
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _check_freshness(single: ocsp.OCSPSingleResponse, at: datetime, name: str) -> None:
    this_update, next_update = single.this_update_utc, single.next_update_utc
    if this_update > at + CLOCK_SKEW:
        raise OcspUnusable(f"OCSP answer for '{name}': from the future; check the clock")
    best_before = next_update if next_update is not None else this_update + MAX_AGE_WITHOUT_NEXT_UPDATE
    if at > best_before + CLOCK_SKEW:
        raise OcspUnusable(f"OCSP answer for '{name}': was good until {best_before:%Y-%m-%d %H:%M} UTC")
