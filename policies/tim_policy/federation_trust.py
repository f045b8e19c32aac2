"""From bytes to a federation list that may be used: signature, signer, chain, revocation, version.

No network, files or clock here: documents, trust anchors, OCSP answers and the instant come in.
"""

import base64
import binascii
import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tim_policy.certificate_chain import (
    Chain,
    Untrusted,
    check_path,
    check_signer,
    common_name,
    load_certificate,
    verify_chain,
)
from tim_policy.federation_list import (
    FederationList,
    FederationListError,
    Malformed,
    load_json_object,
    parse_federation_list,
)
from tim_policy.ocsp import OcspPolicy, OcspUnusable, check_ocsp

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""A list of 100,000 servers has about 22 MiB; the real ones have less than 1 MiB."""

LIST_SIGNER_ROLES = frozenset({"1.2.276.0.76.4.171"})
"""professionOID oid_vzd_ti: the directory service, which signs the list."""

_MAX_HEADER_BYTES = 64 * 1024
_MAX_CERTIFICATES = 4
_COORDINATE_BYTES = 32
_SIGNATURE_BYTES = 2 * _COORDINATE_BYTES
_CURVES: dict[str, type[ec.EllipticCurve]] = {"BP256R1": ec.BrainpoolP256R1, "ES256": ec.SECP256R1}


class TooLarge(FederationListError):
    """The document is larger than any federation list."""


class Unsigned(FederationListError):
    """The document carries no signature, or one of an algorithm that is not accepted."""


class BadSignature(FederationListError):
    """The signature does not belong to the content: something was changed or cut off."""


class RolledBack(FederationListError):
    """The list is genuine but older than one that was already in use."""


@dataclass(frozen=True, slots=True)
class ListTrust:
    """Whom to believe.

    Args:
        trust_anchors: pinned TI root certificates.
        issuers: component CA certificates, for lists whose x5c holds the signer only.
        signer_roles: professionOIDs a list signer may have.
        ocsp_responders: pinned OCSP responders; see `check_ocsp`.
        signer_name: matches the common name of an accepted signer; None: the role suffices.
    """

    trust_anchors: tuple[x509.Certificate, ...]
    issuers: tuple[x509.Certificate, ...] = ()
    signer_roles: frozenset[str] = LIST_SIGNER_ROLES
    ocsp_responders: tuple[x509.Certificate, ...] = ()
    signer_name: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """A list that passed every step of `verify_federation_list`.

    Args:
        federation_list: the content.
        signer: common name of the signer's certificate.
        chain: common names from the signer to the trust anchor.
        verified_at: the instant it was verified for.
        is_ocsp_checked: whether OCSP answers for every certificate were part of the proof.
        certificates: the chain itself.
    """

    federation_list: FederationList
    signer: str
    chain: tuple[str, ...]
    verified_at: datetime
    is_ocsp_checked: bool
    certificates: Chain = field(repr=False)


def verify_federation_list(
    document: bytes,
    trust: ListTrust,
    at: datetime,
    *,
    newest_version: int | None = None,
    ocsp_answers: Collection[bytes] | None = None,
    ocsp_policy: OcspPolicy = OcspPolicy.REQUIRE,
    confirmed_at: datetime | None = None,
    previous: FederationList | None = None,
) -> VerifiedList:
    """Verify a federation list and read it (VZD I_VZD_TIM_Provider_Services; A_25632, A_25635).

    Steps, in this order; the first that fails is the error:
        (1) the size is plausible; (2) three parts of strict base64url; (3) an accepted algorithm and a readable
        header; (4) readable certificates; (5) the signature over the bytes as received, by the first certificate;
        (6) its chain to a trust anchor, valid at `at`; (7) its role; (8) OCSP says good; (9) the content;
        (10) no older version.

    Args:
        document: the compact JWS exactly as received; base64url is read strictly, so no two documents that differ
            in one byte are both accepted.
        trust: pinned certificates and roles.
        at: the instant to verify for, timezone-aware.
        newest_version: version of the newest list ever accepted; None if there was none.
        ocsp_answers: DER answers for signer and CA, in any order; None leaves revocation unchecked and the
            result says so.
        ocsp_policy: see `OcspPolicy`.
        confirmed_at: the instant the OCSP answers have to be fresh for, when it is not `at`: that of the last
            confirmation of a list which was stored together with its answers.
        previous: a list in memory to share equal entries with; see `parse_federation_list`.

    Raises:
        TooLarge, Malformed, Unsigned, Untrusted (with Expired, WrongSigner, OcspUnusable, Revoked), BadSignature,
        RolledBack: see their docstrings.
    """
    # (1) size
    if len(document) > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"federation list: larger than {MAX_DOCUMENT_BYTES // 2**20} MiB")
    # (2) parts
    parts = document.split(b".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature (RFC 7515 section 3.1)
        raise Malformed(
            f"federation list: not a compact JWS (expected 3 parts, got {len(parts)}); is the document complete?"
        )
    header_part, payload_part, signature_part = parts
    # (3) header
    algorithm, certificates = _read_header(header_part)
    # (4) certificates
    signer, *included = [load_certificate(der, f"x5c[{i}]") for i, der in enumerate(certificates)]
    # (5) signature
    signature = _base64url(signature_part, "signature")
    _check_signature(signer, algorithm, document[: len(header_part) + 1 + len(payload_part)], signature)
    # (6) chain
    chain = verify_chain(signer, [*included, *trust.issuers], trust.trust_anchors, at)
    # (7) role
    check_signer(signer, trust.signer_roles, trust.signer_name)
    # (8) revocation
    is_ocsp_checked = ocsp_answers is not None and _check_revocation(
        chain, ocsp_answers, confirmed_at or at, trust.ocsp_responders, ocsp_policy
    )
    # (9) content
    federation_list = parse_federation_list(_base64url(payload_part, "payload"), previous)
    # (10) version
    if newest_version is not None and federation_list.version < newest_version:
        raise RolledBack(f"federation list: version {federation_list.version} is older than {newest_version}, in use")
    return VerifiedList(
        federation_list,
        signer=common_name(signer),
        chain=tuple(common_name(certificate) for certificate in chain),
        verified_at=at,
        is_ocsp_checked=is_ocsp_checked,
        certificates=chain,
    )


def recheck_signer(
    verified: VerifiedList,
    trust: ListTrust,
    at: datetime,
    ocsp_answers: Collection[bytes],
    *,
    ocsp_policy: OcspPolicy = OcspPolicy.REQUIRE,
) -> bool:
    """Whether a list that was verified before may still be confirmed at `at`: its chain and OCSP answers hold.

    Returns:
        Whether the responders vouched for every certificate, see `VerifiedList.is_ocsp_checked`.

    Raises:
        Untrusted (with Expired, OcspUnusable, Revoked): not any more.
    """
    check_path(verified.certificates, at)
    return _check_revocation(verified.certificates, ocsp_answers, at, trust.ocsp_responders, ocsp_policy)


def signer_chain(document: bytes, trust: ListTrust, at: datetime) -> Chain:
    """The certificates to ask OCSP responders about, before the list itself is verified.

    Only the header is read, and nothing is believed but the chain itself: it leads to a trust anchor and its first
    certificate has the role of a list signer, so that the addresses inside were set by a CA of the TI.

    Raises:
        TooLarge, Malformed, Unsigned, Untrusted: as `verify_federation_list`.
    """
    if len(document) > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"federation list: larger than {MAX_DOCUMENT_BYTES // 2**20} MiB")
    header_part, dot, _ = document.partition(b".")
    if not dot:
        raise Malformed("federation list: not a compact JWS; is the document complete?")
    _, certificates = _read_header(header_part)
    signer, *included = [load_certificate(der, f"x5c[{i}]") for i, der in enumerate(certificates)]
    chain = verify_chain(signer, [*included, *trust.issuers], trust.trust_anchors, at)
    check_signer(signer, trust.signer_roles, trust.signer_name)
    return chain


def _read_header(part: bytes) -> tuple[str, list[bytes]]:
    """Algorithm and DER certificates of the JWS header."""
    if len(part) > _MAX_HEADER_BYTES:
        raise TooLarge(f"JWS header: larger than {_MAX_HEADER_BYTES // 1024} KiB")
    header = load_json_object(_base64url(part, "header"), "JWS header")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _CURVES:
        raise Unsigned(f"federation list: signature algorithm is not accepted (expected: {' or '.join(_CURVES)})")
    # An extension the signer calls critical must be understood (RFC 7515 section 4.1.11); we understand none.
    if "crit" in header:
        raise Malformed("JWS header: critical extensions are not understood")
    x5c = header.get("x5c")
    if not isinstance(x5c, list) or not 1 <= len(x5c) <= _MAX_CERTIFICATES:
        raise Malformed(f"JWS header: x5c is missing or no array of 1 to {_MAX_CERTIFICATES} certificates")
    return algorithm, [_x5c_der(entry, i) for i, entry in enumerate(x5c)]


def _x5c_der(entry: Any, index: int) -> bytes:
    """Standard base64; line breaks inside occur in the field and are skipped."""
    try:
        return base64.b64decode("".join(entry.split()), validate=True)
    except (AttributeError, ValueError):
        raise Malformed(f"JWS header: x5c[{index}] is not base64") from None


def _base64url(part: bytes, what: str) -> bytes:
    """Strict: no padding, no white space, unused bits zero, so that each value has one spelling only."""
    try:
        decoded = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (ValueError, binascii.Error):
        decoded = None
    if decoded is None or base64.urlsafe_b64encode(decoded).rstrip(b"=") != part:
        raise Malformed(f"federation list: {what} is not base64url; is the document complete?")
    return decoded


def _check_signature(signer: x509.Certificate, algorithm: str, signed: bytes, signature: bytes) -> None:
    key = signer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVES[algorithm]):
        raise BadSignature(f"federation list: the signer's key does not fit the algorithm {algorithm}")
    if len(signature) != _SIGNATURE_BYTES:
        raise BadSignature(
            f"federation list: signature has {len(signature)} bytes (expected {_SIGNATURE_BYTES}); "
            "is the document complete?"
        )
    r, s = (int.from_bytes(half) for half in (signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]))
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise BadSignature("federation list: the signature does not match the content; it was changed") from None


def _check_revocation(
    chain: Chain,
    answers: Collection[bytes],
    at: datetime,
    responders: Sequence[x509.Certificate],
    policy: OcspPolicy,
) -> bool:
    """Each certificate below the trust anchor is good by one of `answers`; False: not proven, but policy is soft."""
    is_checked = True
    for certificate, issuer in itertools.pairwise(chain):
        fault: Untrusted | None = OcspUnusable(f"no OCSP answer for '{common_name(certificate)}'")
        for answer in answers:
            try:
                check_ocsp(answer, certificate, issuer, at, responders)
            except OcspUnusable as unusable:
                fault = unusable if fault else None
            else:
                fault = None
        if fault is not None and policy is OcspPolicy.REQUIRE:
            raise fault
        is_checked = is_checked and fault is None
    return is_checked
