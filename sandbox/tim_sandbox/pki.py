"""A TEST-ONLY stand-in for the TI's public key infrastructure, shaped like gematik's own certificates.

Root CA, component CA and signer of the federation list carry the same extensions as the published TEST-ONLY
certificates, so a verifier sees what it will see in production. Every property has a parameter, so that a
test can build a chain with exactly one defect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

BRAINPOOL = ec.BrainpoolP256R1()
NIST = ec.SECP256R1()

DIRECTORY_PROFESSION = x509.ObjectIdentifier("1.2.276.0.76.4.171")
"""professionOID of the VZD (`oid_vzd_ti`), which the signer of the federation list carries."""

_POLICY = x509.ObjectIdentifier("1.2.276.0.76.4.163")
_LIFETIME = timedelta(days=3650)
_OCSP_URL = "http://127.0.0.1/ocsp"
_CA_USAGE = ("key_cert_sign", "crl_sign")
_SIGNER_USAGE = ("digital_signature",)
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its private key."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        """The private key as unencrypted PKCS#8 PEM."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


@dataclass(frozen=True, slots=True)
class ListPki:
    """The chain below which federation lists are signed: one root, one component CA, a signer per curve.

    `ocsp_signer` answers for what the component CA issued, `root_ocsp_signer` for what the root issued.
    """

    root: Identity
    component_ca: Identity
    signer: Identity
    es256_signer: Identity
    ocsp_signer: Identity
    root_ocsp_signer: Identity


def key_usage(*usages: str) -> x509.KeyUsage:
    """The keyUsage extension with exactly `usages` set (argument names of `x509.KeyUsage`)."""
    return x509.KeyUsage(**{usage: usage in usages for usage in _USAGES})


def admission(*profession_oids: x509.ObjectIdentifier, item: str = "Verzeichnisdienst-TI") -> x509.Admissions:
    """The admission extension (OID 1.3.36.8.3.3) with one profession info."""
    info = x509.ProfessionInfo(
        naming_authority=None,
        profession_items=[item],
        profession_oids=profession_oids,
        registration_number=None,
        add_profession_info=None,
    )
    return x509.Admissions(
        authority=None,
        admissions=[x509.Admission(admission_authority=None, naming_authority=None, profession_infos=[info])],
    )


def make_root(
    *,
    common_name: str = "GEM.RCA-SANDBOX TEST-ONLY",
    curve: ec.EllipticCurve = BRAINPOOL,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    ocsp_url: str = _OCSP_URL,
) -> Identity:
    """A self-signed root CA. Dates default to yesterday and ten years from then."""
    return issue(
        _name(common_name, "Zentrale Root-CA der Telematikinfrastruktur"),
        issuer=None,
        curve=curve,
        not_before=not_before,
        not_after=not_after,
        basic_constraints=x509.BasicConstraints(ca=True, path_length=None),
        usage=key_usage(*_CA_USAGE),
        extensions=_ti_extensions(ocsp_url),
    )


def make_component_ca(
    root: Identity,
    *,
    common_name: str = "GEM.KOMP-CA-SANDBOX TEST-ONLY",
    curve: ec.EllipticCurve = BRAINPOOL,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    basic_constraints: x509.BasicConstraints | None = None,
    usage: x509.KeyUsage | None = None,
    ocsp_url: str = _OCSP_URL,
) -> Identity:
    """A component CA below `root` with path length 0."""
    return issue(
        _name(common_name, "Komponenten-CA der Telematikinfrastruktur"),
        issuer=root,
        curve=curve,
        not_before=not_before,
        not_after=not_after,
        basic_constraints=basic_constraints or x509.BasicConstraints(ca=True, path_length=0),
        usage=usage or key_usage(*_CA_USAGE),
        extensions=_ti_extensions(ocsp_url),
    )


def make_list_signer(
    component_ca: Identity,
    *,
    common_name: str = "VZD-FHIR-FList-Signer",
    curve: ec.EllipticCurve = BRAINPOOL,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    basic_constraints: x509.BasicConstraints | None = None,
    usage: x509.KeyUsage | None = None,
    professions: Sequence[x509.ObjectIdentifier] = (DIRECTORY_PROFESSION,),
    extended_usage: Sequence[x509.ObjectIdentifier] = (),
    ocsp_url: str = _OCSP_URL,
) -> Identity:
    """The end-entity certificate that signs federation lists; no `professions` means no admission at all."""
    extensions = _ti_extensions(ocsp_url)
    if professions:
        extensions.append(admission(*professions))
    if extended_usage:
        extensions.append(x509.ExtendedKeyUsage(extended_usage))
    return issue(
        _name(common_name, None),
        issuer=component_ca,
        curve=curve,
        not_before=not_before,
        not_after=not_after,
        basic_constraints=basic_constraints or x509.BasicConstraints(ca=False, path_length=None),
        usage=usage or key_usage(*_SIGNER_USAGE),
        extensions=extensions,
    )


def issue(
    subject: x509.Name,
    *,
    issuer: Identity | None,
    curve: ec.EllipticCurve,
    not_before: datetime | None,
    not_after: datetime | None,
    basic_constraints: x509.BasicConstraints,
    usage: x509.KeyUsage,
    extensions: Sequence[x509.ExtensionType] = (),
) -> Identity:
    """A fresh key and a certificate over it, signed by `issuer` (None: by itself) with ECDSA and SHA-256."""
    key = ec.generate_private_key(curve)
    signing_key = issuer.private_key if issuer else key
    start = not_before or datetime.now(UTC) - timedelta(days=1)
    builder = (
        x509.CertificateBuilder(
            subject_name=subject,
            issuer_name=issuer.certificate.subject if issuer else subject,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=start,
            not_valid_after=not_after or start + _LIFETIME,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(basic_constraints, critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return Identity(builder.sign(signing_key, hashes.SHA256()), key)


def make_list_pki(
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    curve: ec.EllipticCurve = BRAINPOOL,
    ocsp_url: str = _OCSP_URL,
) -> ListPki:
    """Root, component CA, both list signers and both OCSP signers; `curve` is that of the two CAs.

    Args:
        ocsp_url: where the responder answers; stands in every certificate.
    """
    root = make_root(curve=curve, ocsp_url=ocsp_url, not_before=not_before, not_after=not_after)
    component_ca = make_component_ca(root, curve=curve, ocsp_url=ocsp_url, not_before=not_before, not_after=not_after)
    signer, es256_signer = (
        make_list_signer(component_ca, curve=c, ocsp_url=ocsp_url, not_before=not_before, not_after=not_after)
        for c in (BRAINPOOL, NIST)
    )
    return ListPki(root, component_ca, signer, es256_signer, make_ocsp_signer(component_ca), make_ocsp_signer(root))


def make_ocsp_signer(issuer: Identity, *, common_name: str = "OCSP-Signer SANDBOX") -> Identity:
    """A responder that `issuer` delegates to (RFC 6960 section 4.2.2.2)."""
    return make_list_signer(
        issuer, common_name=common_name, professions=(), extended_usage=(ExtendedKeyUsageOID.OCSP_SIGNING,)
    )


def cross_certificate(root: Identity, voucher: Identity, **dates: datetime) -> x509.Certificate:
    """`root`'s name and key, certified by `voucher`: what `roots.json` holds in `prev` and `next`."""
    now = datetime.now(UTC)
    certificate = root.certificate
    builder = x509.CertificateBuilder(
        subject_name=certificate.subject,
        issuer_name=voucher.certificate.subject,
        public_key=certificate.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=dates.get("not_before", now - timedelta(days=1)),
        not_valid_after=dates.get("not_after", now + _LIFETIME),
    )
    for extension in certificate.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(voucher.private_key, hashes.SHA256())


def _name(common_name: str, unit: str | None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TIM Suite sandbox NOT-VALID"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    if unit is not None:
        attributes.insert(2, x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(attributes)


def _ti_extensions(ocsp_url: str) -> list[x509.ExtensionType]:
    responder = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url))
    return [
        x509.AuthorityInformationAccess([responder]),
        x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]),
    ]
