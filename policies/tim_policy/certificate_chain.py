"""X.509 chains of the telematics infrastructure: brainpool keys, a pinned root, one component CA between.

`cryptography`'s own verifier follows the WebPKI, which has no brainpool curves; so the path rules of RFC 5280
section 6.1 that apply here are checked one by one. Not checked here: revocation (see `ocsp`), and names, since
the signer of a list has none that could be matched.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID, NameOID

from tim_policy.federation_list import FederationListError

Chain = tuple[x509.Certificate, ...]
"""From the leaf to the trust anchor, at least two certificates."""

MAX_CHAIN_LENGTH = 4
"""Leaf, component CA, root, and one cross certificate."""

_PARTS = (
    "extensions",
    "issuer",
    "not_valid_after_utc",
    "not_valid_before_utc",
    "serial_number",
    "signature_hash_algorithm",
    "subject",
)
_MAX_NAME = 80
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_CHECKED_EXTENSIONS = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.ADMISSIONS,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)


class Untrusted(FederationListError):
    """The certificate does not lead to a trust anchor."""


class Expired(Untrusted):
    """A certificate of the chain is not valid at the given time (over, or not yet begun)."""


class WrongSigner(Untrusted):
    """The certificate is genuine, but not meant for signing federation lists."""


def load_certificate(der: bytes, what: str) -> x509.Certificate:
    """Read a DER certificate and its extensions; `what` names it in the error.

    Raises:
        Untrusted: not an X.509 version 3 certificate that can be read completely.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        # Parts are parsed on first access only; read all that the checks use, so that they cannot fail there.
        for part in _PARTS:
            getattr(certificate, part)
        certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension):
        raise Untrusted(f"{what}: not a readable X.509 certificate") from None
    if certificate.serial_number <= 0:  # RFC 5280 section 4.1.2.2
        raise Untrusted(f"{what}: the certificate's serial number is not positive")
    return certificate


def common_name(certificate: x509.Certificate) -> str:
    """The subject's common name for messages; TI certificates name roles, not people.

    Control characters are replaced and the length is cut, because a stranger may have chosen the name.
    """
    return _printable(certificate.subject)


def verify_chain(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    trust_anchors: Collection[x509.Certificate],
    at: datetime,
) -> Chain:
    """Find a path from `leaf` to one of `trust_anchors` on which every check holds (RFC 5280 section 6.1).

    Args:
        leaf: the end-entity certificate.
        intermediates: CA certificates to choose from, in any order; not trusted by themselves.
        trust_anchors: pinned roots.
        at: the instant to check for, timezone-aware.

    Returns:
        The path, leaf first.

    Raises:
        Expired: the only paths found are out of their validity at `at`.
        Untrusted: no path, or a certificate on it breaks a rule; names the first fault found.
    """
    faults: list[Untrusted] = []
    for chain in _paths((leaf,), intermediates, trust_anchors):
        try:
            check_path(chain, at)
        except Untrusted as fault:
            faults.append(fault)
        else:
            return chain
    if faults:
        raise faults[0]
    issuer = _printable(leaf.issuer)
    raise Untrusted(
        f"certificate '{common_name(leaf)}': no path to a trusted root; is its issuer '{issuer}' among the given CAs?"
    )


def check_signer(leaf: x509.Certificate, roles: Collection[str], name_pattern: re.Pattern[str] | None = None) -> None:
    """The leaf may sign federation lists: no CA, digital signatures allowed, and one of `roles` admitted.

    Args:
        leaf: the signer's certificate.
        roles: accepted professionOIDs of the admission extension (dotted); must not be empty.
        name_pattern: matches the whole common name of an accepted signer; None accepts each.

    Raises:
        WrongSigner: the certificate was issued for something else.
    """
    name = common_name(leaf)
    if _is_ca(leaf):
        raise WrongSigner(f"certificate '{name}' is a CA (expected: a signer)")
    usage = _key_usage(leaf)
    if usage is None or not usage.digital_signature:
        raise WrongSigner(f"certificate '{name}' may not make digital signatures")
    if not _admitted_roles(leaf) & set(roles):
        raise WrongSigner(f"certificate '{name}' lacks the role of a list signer (expected: {', '.join(roles)})")
    if name_pattern is not None and not name_pattern.fullmatch(name):
        raise WrongSigner(f"certificate '{name}' is not the pinned signer (expected: {name_pattern.pattern})")


def _printable(name: x509.Name) -> str:
    common_names = [str(a.value) for a in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    text = common_names[0] if common_names else name.rfc4514_string()
    return "".join(char if char.isprintable() else "?" for char in text[:_MAX_NAME])


def _paths(
    chain: Chain, intermediates: Sequence[x509.Certificate], trust_anchors: Collection[x509.Certificate]
) -> Iterator[Chain]:
    """All paths by name and signature; loops and overlong ones are cut."""
    for anchor in trust_anchors:
        if is_issued_by(chain[-1], anchor):
            yield (*chain, anchor)
    if len(chain) >= MAX_CHAIN_LENGTH - 1:
        return
    for candidate in intermediates:
        if candidate not in chain and is_issued_by(chain[-1], candidate):
            yield from _paths((*chain, candidate), intermediates, trust_anchors)


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` signed it, by name and signature, with an accepted hash; validity is not looked at."""
    if not isinstance(certificate.signature_hash_algorithm, _HASHES):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def check_path(chain: Chain, at: datetime) -> None:
    """Validity at `at`, critical extensions and CA constraints of a chain whose signatures were verified.

    Raises:
        Expired, Untrusted: a certificate of the chain breaks a rule.
    """
    for depth, certificate in enumerate(chain):
        name = common_name(certificate)
        # (1) validity
        if at > certificate.not_valid_after_utc:
            raise Expired(f"certificate '{name}' was valid until {certificate.not_valid_after_utc:%Y-%m-%d}")
        if at < certificate.not_valid_before_utc:
            raise Expired(f"certificate '{name}' is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")
        # (2) nothing critical that is not understood
        for extension in certificate.extensions:
            if extension.critical and extension.oid not in _CHECKED_EXTENSIONS:
                raise Untrusted(f"certificate '{name}' has an unknown critical extension {extension.oid.dotted_string}")
        # (3) issuers are certificate authorities with room for what stands below them
        if depth > 0:
            _check_issuer(certificate, certificates_below=depth - 1)


def _check_issuer(certificate: x509.Certificate, certificates_below: int) -> None:
    name = common_name(certificate)
    if not _is_ca(certificate):
        raise Untrusted(f"certificate '{name}' is not a CA")
    usage = _key_usage(certificate)
    if usage is None or not usage.key_cert_sign:
        raise Untrusted(f"certificate '{name}' may not sign certificates")
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    if constraints.path_length is not None and certificates_below > constraints.path_length:
        raise Untrusted(f"certificate '{name}' allows fewer certificates below it")


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _admitted_roles(certificate: x509.Certificate) -> frozenset[str]:
    try:
        admissions = certificate.extensions.get_extension_for_class(x509.Admissions).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(
        oid.dotted_string
        for admission in admissions
        for profession in admission.profession_infos
        for oid in profession.profession_oids or ()
    )
