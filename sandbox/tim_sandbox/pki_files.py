"""Certificates and keys of the stand-in's PKI as files, in gematik's formats."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tim_sandbox.pki import Identity, ListPki

ROOTS_FILE = "roots.json"
COMPONENT_CA_FILE = "component-ca.der"


def roots_json(
    roots: Sequence[x509.Certificate], cross: Mapping[x509.Certificate, Mapping[str, x509.Certificate]] | None = None
) -> bytes:
    """The roots as the TSL download point serves them (`ROOT-CA/roots.json`).

    Args:
        roots: self-signed.
        cross: by root, its cross certificates under `prev` and `next`.
    """
    links = cross or {}
    return json.dumps([_root_entry(root, links.get(root, {})) for root in roots], indent=1).encode()


def read_roots(path: Path) -> tuple[x509.Certificate, ...]:
    """The roots of a `roots.json` that `write_list_pki` wrote."""
    return tuple(
        x509.load_der_x509_certificate(base64.b64decode(entry["cert"])) for entry in json.loads(path.read_text())
    )


def ocsp_address(directory: Path) -> str:
    """The `ocsp_url` that the PKI in `directory` was made with."""
    component_ca = x509.load_der_x509_certificate((directory / COMPONENT_CA_FILE).read_bytes())
    access = component_ca.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    return str(access[0].access_location.value)


def write_list_pki(pki: ListPki, directory: Path) -> None:
    """Write `roots.json`, `component-ca.der` and, readable by the owner only, the signers' keys."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ROOTS_FILE).write_bytes(roots_json([pki.root.certificate]))
    (directory / COMPONENT_CA_FILE).write_bytes(pki.component_ca.der)
    write_identity(pki.signer, directory / "signer")
    write_identity(pki.es256_signer, directory / "signer-es256")
    write_identity(pki.ocsp_signer, directory / "ocsp-signer")
    write_identity(pki.root_ocsp_signer, directory / "root-ocsp-signer")


def write_identity(identity: Identity, path: Path) -> None:
    """Write `<path>.der` and `<path>.key` (mode 0600)."""
    path.with_suffix(".der").write_bytes(identity.der)
    key_file = path.with_suffix(".key")
    key_file.touch(mode=0o600)
    key_file.write_bytes(identity.key_pem)


def read_identity(path: Path) -> Identity:
    """Read what `write_identity` wrote."""
    key = serialization.load_pem_private_key(path.with_suffix(".key").read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path}.key: expected an elliptic curve key")
    return Identity(x509.load_der_x509_certificate(path.with_suffix(".der").read_bytes()), key)


def _base64_der(certificate: x509.Certificate | None) -> str:
    if certificate is None:
        return ""
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def _root_entry(root: x509.Certificate, links: Mapping[str, x509.Certificate]) -> dict[str, str]:
    common_name = str(root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    key_id = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return {
        "cert": _base64_der(root),
        "cn": common_name,
        "name": common_name.removeprefix("GEM."),
        "next": _base64_der(links.get("next")),
        "nva": f"{root.not_valid_after_utc:%Y-%m-%dT%H:%M:%S}",
        "nvb": f"{root.not_valid_before_utc:%Y-%m-%dT%H:%M:%S}",
        "prev": _base64_der(links.get("prev")),
        "ski": key_id.digest.hex().upper(),
    }
