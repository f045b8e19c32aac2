"""An ordinary private CA and one TLS leaf per host name, so that federation runs over verified TLS."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tim_sandbox.pki import NIST, Identity, issue, key_usage


def make_tls_ca() -> Identity:
    """A self-signed EC P-256 CA."""
    return issue(
        _name("TIM Suite sandbox TLS CA"),
        issuer=None,
        curve=NIST,
        not_before=None,
        not_after=None,
        basic_constraints=x509.BasicConstraints(ca=True, path_length=0),
        usage=key_usage("key_cert_sign", "crl_sign"),
    )


def make_tls_leaf(
    ca: Identity, host: str, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH
) -> Identity:
    """A TLS certificate for the DNS name `host`, of a server unless `purpose` says otherwise."""
    return issue(
        _name(host),
        issuer=ca,
        curve=NIST,
        not_before=None,
        not_after=None,
        basic_constraints=x509.BasicConstraints(ca=False, path_length=None),
        usage=key_usage("digital_signature"),
        extensions=(
            x509.SubjectAlternativeName([x509.DNSName(host)]),
            x509.ExtendedKeyUsage([purpose]),
        ),
    )


def write_tls_leaf(leaf: Identity, directory: Path) -> None:
    """Write `tls.crt` and, readable by the owner only, `tls.key` into `directory`."""
    (directory / "tls.crt").write_bytes(certificate_pem(leaf))
    key_file = directory / "tls.key"
    key_file.touch(mode=0o600)
    key_file.write_bytes(leaf.key_pem)


def certificate_pem(identity: Identity) -> bytes:
    """The certificate as PEM."""
    return identity.certificate.public_bytes(serialization.Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
