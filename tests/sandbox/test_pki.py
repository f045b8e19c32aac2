"""The test PKI and the lists signed with it have the shape of gematik's."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tim_sandbox.federation_list import SigAlg, sign_federation_list
from tim_sandbox.pki import (
    DIRECTORY_PROFESSION,
    Identity,
    ListPki,
    key_usage,
    make_component_ca,
    make_list_pki,
    make_list_signer,
    make_root,
)
from tim_sandbox.pki_files import read_identity, roots_json, write_list_pki
from tim_sandbox.tls import make_tls_ca, make_tls_leaf

PAYLOAD = {
    "version": 7,
    "domainList": [{"domain": "praxis.tim.test", "telematikID": "1-20-X", "isInsurance": False}],
}


@pytest.fixture(scope="module")
def pki() -> ListPki:
    return make_list_pki()


def test_each_certificate_is_issued_by_the_one_above(pki: ListPki) -> None:
    pki.root.certificate.verify_directly_issued_by(pki.root.certificate)
    pki.component_ca.certificate.verify_directly_issued_by(pki.root.certificate)
    pki.signer.certificate.verify_directly_issued_by(pki.component_ca.certificate)
    pki.es256_signer.certificate.verify_directly_issued_by(pki.component_ca.certificate)


def test_the_signer_carries_the_extensions_of_the_real_one(pki: ListPki) -> None:
    extensions = pki.signer.certificate.extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=False, path_length=None)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value == key_usage("digital_signature")
    admissions = extensions.get_extension_for_class(x509.Admissions).value
    info = admissions[0].profession_infos[0]
    assert info.profession_oids == [DIRECTORY_PROFESSION]
    assert extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    with pytest.raises(x509.ExtensionNotFound):
        extensions.get_extension_for_class(x509.ExtendedKeyUsage)


def test_the_component_ca_may_not_have_a_ca_below_it(pki: ListPki) -> None:
    constraints = pki.component_ca.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)


@pytest.mark.parametrize(("alg", "curve"), [(SigAlg.BP256R1, "brainpoolP256r1"), (SigAlg.ES256, "secp256r1")], ids=str)
def test_a_signed_list_verifies_with_the_certificate_in_it(pki: ListPki, alg: SigAlg, curve: str) -> None:
    signer = pki.signer if alg is SigAlg.BP256R1 else pki.es256_signer
    header, payload, signature = sign_federation_list(PAYLOAD, signer, alg).split(b".")
    head = json.loads(_decode(header))
    assert head == {"alg": alg, "x5c": [base64.b64encode(signer.der).decode()], "typ": "JWT"}
    assert json.loads(_decode(payload)) == PAYLOAD

    raw = _decode(signature)
    assert len(raw) == 64
    key = x509.load_der_x509_certificate(base64.b64decode(head["x5c"][0])).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == curve
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(der, header + b"." + payload, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(der, header + b"." + payload[:-1], ec.ECDSA(hashes.SHA256()))


def test_bytes_are_signed_as_they_are(pki: ListPki) -> None:
    assert _decode(sign_federation_list(b"not json", pki.signer).split(b".")[1]) == b"not json"


def test_the_chain_can_be_delivered_in_the_header(pki: ListPki) -> None:
    jws = sign_federation_list(PAYLOAD, pki.signer, chain=[pki.component_ca.certificate])
    x5c = json.loads(_decode(jws.split(b".")[0]))["x5c"]
    assert [base64.b64decode(entry) for entry in x5c] == [pki.signer.der, pki.component_ca.der]


def test_roots_json_has_exactly_gematiks_fields() -> None:
    not_before, not_after = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2034, 1, 2, 3, 4, 5, tzinfo=UTC)
    root = make_root(not_before=not_before, not_after=not_after)
    (entry,) = json.loads(roots_json([root.certificate]))
    key_id = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert entry == {
        "cert": base64.b64encode(root.der).decode(),
        "cn": "GEM.RCA-SANDBOX TEST-ONLY",
        "name": "RCA-SANDBOX TEST-ONLY",
        "next": "",
        "nva": "2034-01-02T03:04:05",
        "nvb": "2024-01-02T03:04:05",
        "prev": "",
        "ski": key_id.hex().upper(),
    }


def test_what_is_written_can_be_read_back(pki: ListPki, tmp_path: Path) -> None:
    write_list_pki(pki, tmp_path)
    assert read_identity(tmp_path / "signer").certificate == pki.signer.certificate
    assert read_identity(tmp_path / "signer-es256").certificate == pki.es256_signer.certificate
    assert (tmp_path / "component-ca.der").read_bytes() == pki.component_ca.der
    assert (tmp_path / "signer.key").stat().st_mode & 0o777 == 0o600


def _no_admission(component_ca: Identity) -> Identity:
    return make_list_signer(component_ca, professions=())


def _expired(component_ca: Identity) -> Identity:
    return make_list_signer(component_ca, not_after=datetime(2026, 1, 1, tzinfo=UTC), not_before=_LONG_AGO)


def _wrong_usage(component_ca: Identity) -> Identity:
    return make_list_signer(component_ca, usage=key_usage("key_agreement"))


_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_DEFECTS = [_no_admission, _expired, _wrong_usage]


@pytest.mark.parametrize("defect", _DEFECTS, ids=[defect.__name__ for defect in _DEFECTS])
def test_a_signer_has_one_defect_at_a_time(pki: ListPki, defect: object) -> None:
    assert callable(defect)
    signer = defect(pki.component_ca).certificate
    signer.verify_directly_issued_by(pki.component_ca.certificate)
    sound = pki.signer.certificate
    facts = [
        (_has_admission(signer), _has_admission(sound)),
        (signer.not_valid_after_utc.year > 2030, sound.not_valid_after_utc.year > 2030),
        (_usage(signer), _usage(sound)),
    ]
    assert sum(bad != good for bad, good in facts) == 1


def test_a_stranger_cannot_pass_for_the_component_ca(pki: ListPki) -> None:
    stranger = make_component_ca(make_root())
    with pytest.raises(InvalidSignature):
        make_list_signer(stranger).certificate.verify_directly_issued_by(pki.component_ca.certificate)


def test_a_tls_leaf_names_its_host() -> None:
    ca = make_tls_ca()
    leaf = make_tls_leaf(ca, "praxis.tim.test").certificate
    leaf.verify_directly_issued_by(ca.certificate)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["praxis.tim.test"]


def _decode(part: bytes) -> bytes:
    assert b"=" not in part
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _has_admission(certificate: x509.Certificate) -> bool:
    return any(isinstance(extension.value, x509.Admissions) for extension in certificate.extensions)


def _usage(certificate: x509.Certificate) -> x509.KeyUsage:
    return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
