"""OCSP answers: only a fresh "good" about this certificate, from who may say so, counts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tim_policy.certificate_chain import Untrusted
from tim_policy.federation_trust import ListTrust, verify_federation_list
from tim_policy.ocsp import OcspUnusable, Revoked, check_ocsp
from tim_sandbox.federation_list import sign_federation_list
from tim_sandbox.pki import Identity, ListPki, make_list_pki, make_list_signer

NOW = datetime.now(UTC)
GOOD = ocsp.OCSPCertStatus.GOOD


def answer(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    responder: Identity,
    *,
    status: ocsp.OCSPCertStatus = GOOD,
    this_update: datetime = NOW - timedelta(minutes=1),
    next_update: datetime | None = NOW + timedelta(hours=1),
    includes_responder: bool = True,
    algorithm: hashes.HashAlgorithm | None = None,
    signature_hash: hashes.HashAlgorithm | None = None,
) -> bytes:
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=issuer,
        algorithm=algorithm or hashes.SHA1(),  # noqa: S303 - the usual certificate id hash (RFC 6960 section 4.3)
        cert_status=status,
        this_update=this_update,
        next_update=next_update,
        revocation_time=NOW - timedelta(days=1) if is_revoked else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    if includes_responder:
        builder = builder.certificates([responder.certificate])
    response = builder.sign(responder.private_key, signature_hash or hashes.SHA256())
    return response.public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="module")
def responder(pki: ListPki) -> Identity:
    return make_list_signer(
        pki.component_ca, common_name="OCSP-Signer", extended_usage=[ExtendedKeyUsageOID.OCSP_SIGNING]
    )


def check(pki: ListPki, der: bytes, at: datetime = NOW, **options: Any) -> None:
    check_ocsp(der, pki.signer.certificate, pki.component_ca.certificate, at, **options)


@pytest.mark.requirement("A_25635")
@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["SHA-1 ids", "SHA-256 ids"])  # noqa: S303
def test_good_by_a_delegated_responder(pki: ListPki, responder: Identity, algorithm: hashes.HashAlgorithm) -> None:
    check(pki, answer(pki.signer.certificate, pki.component_ca.certificate, responder, algorithm=algorithm))


def test_good_by_the_ca_itself(pki: ListPki) -> None:
    check(pki, answer(pki.signer.certificate, pki.component_ca.certificate, pki.component_ca))


def test_good_by_a_pinned_responder(pki: ListPki) -> None:
    pinned = make_list_pki().signer
    der = answer(pki.signer.certificate, pki.component_ca.certificate, pinned, includes_responder=False)
    check(pki, der, responders=[pinned.certificate])
    with pytest.raises(OcspUnusable, match="not signed by a responder"):
        check(pki, der)


def test_without_next_update_an_answer_lasts_a_day(pki: ListPki, responder: Identity) -> None:
    der = answer(pki.signer.certificate, pki.component_ca.certificate, responder, next_update=None)
    check(pki, der, NOW + timedelta(hours=23))
    with pytest.raises(OcspUnusable, match="was good until"):
        check(pki, der, NOW + timedelta(hours=25))


Forgery = Callable[[ListPki, Identity], bytes]

ATTACKS: dict[str, tuple[type[Untrusted], Forgery]] = {
    "revoked": (
        Revoked,
        lambda pki, r: answer(
            pki.signer.certificate, pki.component_ca.certificate, r, status=ocsp.OCSPCertStatus.REVOKED
        ),
    ),
    "unknown": (
        Revoked,
        lambda pki, r: answer(
            pki.signer.certificate, pki.component_ca.certificate, r, status=ocsp.OCSPCertStatus.UNKNOWN
        ),
    ),
    "about another certificate": (
        OcspUnusable,
        lambda pki, r: answer(pki.es256_signer.certificate, pki.component_ca.certificate, r),
    ),
    "about the same serial of another CA": (
        OcspUnusable,
        lambda pki, r: answer(pki.signer.certificate, make_list_pki().component_ca.certificate, r),
    ),
    "signed by a list signer without the OCSP purpose": (
        OcspUnusable,
        lambda pki, _: answer(pki.signer.certificate, pki.component_ca.certificate, pki.es256_signer),
    ),
    "signed by the certificate itself": (
        OcspUnusable,
        lambda pki, _: answer(pki.signer.certificate, pki.component_ca.certificate, pki.signer),
    ),
    "responder of a stranger's CA": (
        OcspUnusable,
        lambda pki, _: answer(
            pki.signer.certificate,
            pki.component_ca.certificate,
            make_list_signer(make_list_pki().component_ca, extended_usage=[ExtendedKeyUsageOID.OCSP_SIGNING]),
        ),
    ),
    "responder's certificate is over": (
        OcspUnusable,
        lambda pki, _: answer(
            pki.signer.certificate,
            pki.component_ca.certificate,
            make_list_signer(
                pki.component_ca,
                extended_usage=[ExtendedKeyUsageOID.OCSP_SIGNING],
                not_before=NOW - timedelta(days=9),
                not_after=NOW - timedelta(days=1),
            ),
        ),
    ),
    "replayed after its time": (
        OcspUnusable,
        lambda pki, r: answer(
            pki.signer.certificate,
            pki.component_ca.certificate,
            r,
            this_update=NOW - timedelta(days=2),
            next_update=NOW - timedelta(days=1),
        ),
    ),
    "from the future": (
        OcspUnusable,
        lambda pki, r: answer(
            pki.signer.certificate,
            pki.component_ca.certificate,
            r,
            this_update=NOW + timedelta(hours=1),
            next_update=NOW + timedelta(hours=2),
        ),
    ),
    "responder busy": (
        OcspUnusable,
        lambda *_: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
            serialization.Encoding.DER
        ),
    ),
    "empty": (OcspUnusable, lambda *_: b""),
    "a web page": (OcspUnusable, lambda *_: b"<html>"),
    "too large": (OcspUnusable, lambda *_: b"\x30" * 70_000),
}


@pytest.mark.requirement("A_25635")
@pytest.mark.parametrize(("error", "forgery"), ATTACKS.values(), ids=ATTACKS.keys())
def test_attack_is_refused(error: type[Untrusted], forgery: Forgery, pki: ListPki, responder: Identity) -> None:
    with pytest.raises(Untrusted) as caught:
        check(pki, forgery(pki, responder))
    assert type(caught.value) is error


@pytest.fixture(scope="module")
def good_answer(pki: ListPki) -> bytes:
    return answer(pki.signer.certificate, pki.component_ca.certificate, pki.component_ca, includes_responder=False)


def test_no_changed_byte_is_accepted(pki: ListPki, good_answer: bytes) -> None:
    check(pki, good_answer)
    for position in range(len(good_answer)):
        for flip in (0x01, 0x80, 0xFF):
            changed = bytearray(good_answer)
            changed[position] ^= flip
            with pytest.raises(Untrusted):
                check(pki, bytes(changed))


def test_a_list_needs_good_answers_for_signer_and_ca(pki: ListPki, trust: ListTrust, responder: Identity) -> None:
    document = sign_federation_list({"version": 1, "domainList": []}, pki.signer)
    for_signer = answer(pki.signer.certificate, pki.component_ca.certificate, responder)
    for_ca = answer(pki.component_ca.certificate, pki.root.certificate, pki.root)
    assert verify_federation_list(document, trust, NOW, ocsp_answers=[for_ca, for_signer]).is_ocsp_checked
    with pytest.raises(OcspUnusable):
        verify_federation_list(document, trust, NOW, ocsp_answers=[for_signer])
    revoked_ca = answer(
        pki.component_ca.certificate, pki.root.certificate, pki.root, status=ocsp.OCSPCertStatus.REVOKED
    )
    with pytest.raises(Revoked):
        verify_federation_list(document, trust, NOW, ocsp_answers=[for_signer, revoked_ca])
