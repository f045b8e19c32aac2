"""From bytes to a trusted list: one attack, one error class."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.certificate_chain import Expired, Untrusted, WrongSigner
from tim_policy.errors import ConfigError
from tim_policy.federation_list import FederationListError, Malformed
from tim_policy.federation_trust import (
    BadSignature,
    ListTrust,
    RolledBack,
    TooLarge,
    Unsigned,
    VerifiedList,
    verify_federation_list,
)
from tim_policy.names import ServerName
from tim_policy.ocsp import OcspUnusable
from tim_policy.trust_roots import parse_issuer, parse_trust_anchors
from tim_sandbox.federation_list import b64url, sign_federation_list
from tim_sandbox.pki import (
    Identity,
    ListPki,
    key_usage,
    make_component_ca,
    make_list_pki,
    make_list_signer,
    make_root,
)
from tim_sandbox.pki_files import roots_json

NOW = datetime.now(UTC)
PAYLOAD = {"version": 5, "domainList": [{"domain": "praxis.tim.test", "telematikID": "1-20", "isInsurance": False}]}
LATER = NOW + timedelta(days=1)
LONG_AGO = NOW - timedelta(days=400)
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def verify(document: bytes, trust: ListTrust, **options: Any) -> VerifiedList:
    return verify_federation_list(document, trust, options.pop("at", NOW), **options)


@pytest.fixture(scope="session")
def document(pki: ListPki) -> bytes:
    return sign_federation_list(PAYLOAD, pki.signer)


def test_a_genuine_list_is_accepted(document: bytes, trust: ListTrust) -> None:
    verified = verify(document, trust)
    assert verified.federation_list.is_listed(ServerName("praxis.tim.test"))
    assert verified.signer == "VZD-FHIR-FList-Signer"
    assert len(verified.chain) == 3
    assert not verified.is_ocsp_checked


def test_the_es256_form_is_accepted(pki: ListPki, trust: ListTrust) -> None:
    assert verify(sign_federation_list(PAYLOAD, pki.es256_signer, "ES256"), trust).federation_list.version == 5


def test_the_component_ca_may_come_in_the_document(pki: ListPki) -> None:
    document = sign_federation_list(PAYLOAD, pki.signer, chain=[pki.component_ca.certificate])
    assert verify(document, ListTrust((pki.root.certificate,))).federation_list.version == 5


def test_x5c_with_line_breaks_is_read(pki: ListPki, trust: ListTrust) -> None:
    wrapped = base64.encodebytes(pki.signer.der).decode()
    assert "\n" in wrapped
    document = sign_federation_list(PAYLOAD, pki.signer, header={"x5c": [wrapped]})
    assert verify(document, trust).federation_list.version == 5


def test_the_same_version_again_is_no_rollback(document: bytes, trust: ListTrust) -> None:
    assert verify(document, trust, newest_version=5).federation_list.version == 5


def stranger_signs(pki: ListPki) -> bytes:
    return sign_federation_list(PAYLOAD, make_list_pki().signer, chain=[pki.component_ca.certificate])


def stranger_takes_our_certificate(pki: ListPki) -> bytes:
    genuine = {"x5c": [base64.b64encode(pki.signer.der).decode()]}
    return sign_federation_list(PAYLOAD, make_list_pki().signer, header=genuine)


def stranger_brings_his_own_root(pki: ListPki) -> bytes:  # noqa: ARG001 - every attack takes the PKI it attacks
    other = make_list_pki()
    return sign_federation_list(PAYLOAD, other.signer, chain=[other.component_ca.certificate, other.root.certificate])


def signer_of(pki: ListPki, **defect: Any) -> Identity:
    return make_list_signer(pki.component_ca, **defect)


def below_a_leaf(pki: ListPki) -> bytes:
    signer = make_list_signer(pki.signer)
    return sign_federation_list(PAYLOAD, signer, chain=[pki.signer.certificate, pki.component_ca.certificate])


def component_ca_with(pki: ListPki, **defect: Any) -> bytes:
    component_ca = make_component_ca(pki.root, **defect)
    return sign_federation_list(PAYLOAD, make_list_signer(component_ca), chain=[component_ca.certificate])


def second_component_ca_below_the_first(pki: ListPki) -> bytes:
    component_ca = make_component_ca(pki.component_ca)  # whose path length is 0
    chain = [component_ca.certificate, pki.component_ca.certificate]
    return sign_federation_list(PAYLOAD, make_list_signer(component_ca), chain=chain)


def algorithm_none(pki: ListPki) -> bytes:
    header, payload, _ = sign_federation_list(PAYLOAD, pki.signer, "none").split(b".")
    return header + b"." + payload + b"."


def signature_of(pki: ListPki, signature: bytes) -> bytes:
    return sign_federation_list(PAYLOAD, pki.signer).rpartition(b".")[0] + b"." + b64url(signature)


def other_payload(pki: ListPki) -> bytes:
    header, _, signature = sign_federation_list(PAYLOAD, pki.signer).split(b".")
    changed = {**PAYLOAD, "version": 6}
    return b".".join((header, b64url(json.dumps(changed).encode()), signature))


Attack = Callable[[ListPki], bytes]

ATTACKS: dict[str, tuple[type[FederationListError], Attack]] = {
    "stranger signs": (Untrusted, stranger_signs),
    "stranger takes our certificate": (BadSignature, stranger_takes_our_certificate),
    "stranger brings his own root": (Untrusted, stranger_brings_his_own_root),
    "content exchanged": (BadSignature, other_payload),
    "signer's certificate is over": (
        Expired,
        lambda pki: sign_federation_list(
            PAYLOAD, signer_of(pki, not_before=LONG_AGO, not_after=NOW - timedelta(seconds=1))
        ),
    ),
    "signer's certificate has not begun": (
        Expired,
        lambda pki: sign_federation_list(PAYLOAD, signer_of(pki, not_before=LATER)),
    ),
    "component CA's certificate is over": (
        Expired,
        lambda pki: component_ca_with(pki, not_before=LONG_AGO, not_after=NOW - timedelta(days=1)),
    ),
    "component CA is no CA": (
        Untrusted,
        lambda pki: component_ca_with(pki, basic_constraints=x509.BasicConstraints(ca=False, path_length=None)),
    ),
    "component CA may not sign certificates": (
        Untrusted,
        lambda pki: component_ca_with(pki, usage=key_usage("digital_signature", "crl_sign")),
    ),
    "signed below another signer": (Untrusted, below_a_leaf),
    "path length exceeded": (Untrusted, second_component_ca_below_the_first),
    "another role of the TI": (
        WrongSigner,
        lambda pki: sign_federation_list(
            PAYLOAD, signer_of(pki, professions=(x509.ObjectIdentifier("1.2.276.0.76.4.50"),))
        ),
    ),
    "signer without role": (
        WrongSigner,
        lambda pki: sign_federation_list(PAYLOAD, signer_of(pki, professions=())),
    ),
    "signer may only authenticate": (
        WrongSigner,
        lambda pki: sign_federation_list(PAYLOAD, signer_of(pki, usage=key_usage("key_agreement"))),
    ),
    "component CA itself signs": (
        WrongSigner,
        lambda pki: sign_federation_list(PAYLOAD, pki.component_ca),
    ),
    "key of the other curve": (
        BadSignature,
        lambda pki: sign_federation_list(PAYLOAD, pki.es256_signer, "BP256R1"),
    ),
    "algorithm none": (Unsigned, algorithm_none),
    "algorithm HS256": (Unsigned, lambda pki: sign_federation_list(PAYLOAD, pki.signer, "HS256")),
    "algorithm as array": (Unsigned, lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"alg": ["ES256"]})),
    "algorithm missing": (Unsigned, lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"alg": None})),
    "critical header": (
        Malformed,
        lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"crit": ["b64"], "b64": False}),
    ),
    "no x5c": (Malformed, lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"x5c": None})),
    "empty x5c": (Malformed, lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"x5c": []})),
    "x5c of numbers": (Malformed, lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"x5c": [7]})),
    "x5c is no base64": (Malformed, lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"x5c": ["*"]})),
    "x5c is no certificate": (
        Untrusted,
        lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"x5c": ["AAAA"]}),
    ),
    "five certificates": (
        Malformed,
        lambda pki: sign_federation_list(PAYLOAD, pki.signer, chain=[pki.component_ca.certificate] * 4),
    ),
    "huge header": (TooLarge, lambda pki: sign_federation_list(PAYLOAD, pki.signer, header={"kid": "x" * 70_000})),
    "signature of zeros": (BadSignature, lambda pki: signature_of(pki, bytes(64))),
    "signature too short": (BadSignature, lambda pki: signature_of(pki, bytes(63))),
    "signature too long": (BadSignature, lambda pki: signature_of(pki, bytes(65))),
    "signature in DER": (BadSignature, lambda pki: signature_of(pki, b"\x30\x44" + bytes(68))),
    "unsigned: plain JSON": (Malformed, lambda _: json.dumps(PAYLOAD).encode()),
    "unsigned: two parts": (Malformed, lambda pki: sign_federation_list(PAYLOAD, pki.signer).rpartition(b".")[0]),
    "encrypted form with five parts": (Malformed, lambda _: b"e30.e30.e30.e30.e30"),
    "empty": (Malformed, lambda _: b""),
    "not JSON inside": (Malformed, lambda pki: sign_federation_list(b"no json", pki.signer)),
    "no list inside": (Malformed, lambda pki: sign_federation_list({"version": 1}, pki.signer)),
    "100 MB": (TooLarge, lambda _: b"A" * 100_000_000),
    "newline at the end": (Malformed, lambda pki: sign_federation_list(PAYLOAD, pki.signer) + b"\n"),
    "padding": (Malformed, lambda pki: sign_federation_list(PAYLOAD, pki.signer) + b"=="),
}


@pytest.mark.requirement("A_25632")
@pytest.mark.parametrize(("error", "attack"), ATTACKS.values(), ids=ATTACKS.keys())
def test_attack_is_refused_by_its_own_error(
    error: type[FederationListError], attack: Attack, pki: ListPki, trust: ListTrust
) -> None:
    with pytest.raises(FederationListError) as caught:
        verify(attack(pki), trust)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_an_older_version_is_refused(document: bytes, trust: ListTrust) -> None:
    with pytest.raises(RolledBack, match="version 5 is older than 6"):
        verify(document, trust, newest_version=6)


def test_without_a_root_nothing_is_trusted(document: bytes, pki: ListPki) -> None:
    with pytest.raises(Untrusted):
        verify(document, ListTrust((), (pki.component_ca.certificate,)))


def test_the_issuing_ca_is_no_trust_anchor(document: bytes, pki: ListPki) -> None:
    with pytest.raises(Untrusted):
        verify(document, ListTrust((make_root().certificate,), (pki.component_ca.certificate, pki.root.certificate)))


def test_a_critical_extension_that_is_not_understood_is_refused(pki: ListPki, trust: ListTrust) -> None:
    oid = x509.ObjectIdentifier("1.2.3.4")
    builder = x509.CertificateBuilder(
        issuer_name=pki.signer.certificate.issuer,
        subject_name=pki.signer.certificate.subject,
        public_key=pki.signer.certificate.public_key(),
        serial_number=7,
        not_valid_before=NOW - timedelta(days=1),
        not_valid_after=LATER,
        extensions=[x509.Extension(oid, critical=True, value=x509.UnrecognizedExtension(oid, b"\x05\x00"))],
    )
    certificate = builder.sign(pki.component_ca.private_key, hashes.SHA256())
    document = sign_federation_list(PAYLOAD, Identity(certificate, pki.signer.private_key))
    with pytest.raises(Untrusted, match=r"unknown critical extension 1\.2\.3\.4"):
        verify(document, trust)


def test_a_common_name_cannot_write_into_the_log(pki: ListPki) -> None:
    signer = make_list_signer(make_list_pki().component_ca, common_name="x\n2026 INFO list accepted")
    with pytest.raises(Untrusted) as caught:
        verify(sign_federation_list(PAYLOAD, signer), ListTrust((pki.root.certificate,)))
    assert "\n" not in str(caught.value)


@pytest.mark.requirement("A_25632")
def test_no_single_character_can_be_changed(document: bytes, trust: ListTrust) -> None:
    """Every position of the document, in turn replaced by another letter of its alphabet."""
    for position, original in enumerate(document):
        replacement = ALPHABET[(ALPHABET.find(original) + 1 + position % 62) % 64]
        assert replacement != original
        changed = document[:position] + bytes((replacement,)) + document[position + 1 :]
        with pytest.raises(FederationListError):
            verify(changed, trust)


def test_no_other_spelling_of_the_last_character_is_accepted(document: bytes, trust: ListTrust) -> None:
    """Lenient base64 would ignore the unused bits of the last letter."""
    for last in range(256):
        if last != document[-1]:
            with pytest.raises(FederationListError):
                verify(document[:-1] + bytes((last,)), trust)


@given(data=st.data())
def test_bytes_inserted_deleted_or_exchanged_are_refused(
    data: st.DataObject, document: bytes, trust: ListTrust
) -> None:
    start = data.draw(st.integers(0, len(document) - 1))
    end = data.draw(st.integers(start, min(len(document), start + 40)))
    inserted = data.draw(st.binary(max_size=8) | st.sampled_from([b".", b"=", b"\n", b"\0", b"A"]))
    changed = document[:start] + inserted + document[end:]
    if changed != document:
        with pytest.raises(FederationListError):
            verify(changed, trust)


@given(garbage=st.binary(max_size=400) | st.text(alphabet='ab.{}"=-_', max_size=60).map(str.encode))
def test_verification_is_total(garbage: bytes, trust: ListTrust) -> None:
    with pytest.raises(FederationListError):
        verify(garbage, trust)


def test_revocation_is_checked_when_answers_are_given(document: bytes, trust: ListTrust) -> None:
    with pytest.raises(OcspUnusable, match="no OCSP answer for 'VZD-FHIR-FList-Signer'"):
        verify(document, trust, ocsp_answers=[])


def test_pinned_roots_are_read_in_both_forms(pki: ListPki) -> None:
    root = pki.root.certificate
    assert parse_trust_anchors(roots_json([root])) == (root,)
    assert parse_trust_anchors(root.public_bytes(serialization.Encoding.PEM)) == (root,)
    assert parse_trust_anchors(b'[{"cert": null}, ' + roots_json([root]).strip()[1:]) == (root,)
    assert parse_issuer(pki.component_ca.der) == pki.component_ca.certificate


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"[7]", b'[{"cert": null}]', b'[{"cert": "AAAA"}]', b"-----BEGIN X", b"[" * 100_000]
)
def test_a_roots_file_without_certificates_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_trust_anchors(data)
    with pytest.raises(ConfigError):
        parse_issuer(data)


def test_curves_are_the_ones_the_algorithms_name(pki: ListPki) -> None:
    assert isinstance(pki.signer.private_key.curve, ec.BrainpoolP256R1)
    assert isinstance(pki.es256_signer.private_key.curve, ec.SECP256R1)
