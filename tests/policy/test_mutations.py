"""Ten thousand damaged lists and ten thousand damaged OCSP answers: not one is accepted."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from tim_policy.federation_list import FederationListError
from tim_policy.federation_trust import ListTrust, verify_federation_list
from tim_policy.ocsp import check_ocsp
from tim_sandbox.federation_list import sign_federation_list
from tim_sandbox.ocsp_responder import OcspResponder
from tim_sandbox.pki import ListPki

MUTANTS = 10_000
NOW = datetime.now(UTC)
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

Mutation = Callable[[random.Random, bytes], bytes]


def flipped(rng: random.Random, data: bytes) -> bytes:
    position = rng.randrange(len(data))
    return data[:position] + bytes([data[position] ^ (1 << rng.randrange(8))]) + data[position + 1 :]


def other_letter(rng: random.Random, data: bytes) -> bytes:
    position = rng.randrange(len(data))
    return data[:position] + bytes([rng.choice(LETTERS)]) + data[position + 1 :]


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def without_part(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 64) :]


def with_noise(rng: random.Random, data: bytes) -> bytes:
    position = rng.randrange(len(data) + 1)
    return data[:position] + rng.randbytes(rng.randrange(1, 16)) + data[position:]


def with_part_twice(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.randrange(1, 64))
    return data[:end] + data[start:end] + data[end:]


def parts_swapped(rng: random.Random, data: bytes) -> bytes:
    a, b, c = sorted(rng.randrange(len(data)) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


MUTATIONS: tuple[Mutation, ...] = (
    flipped,
    other_letter,
    cut,
    without_part,
    with_noise,
    with_part_twice,
    parts_swapped,
)


def mutants(original: bytes, count: int = MUTANTS) -> Iterator[bytes]:
    """`count` damaged copies, the same in each run; one to three damages each."""
    rng = random.Random(4711)
    while count:
        mutant = original
        for _ in range(rng.randrange(1, 4)):
            mutant = rng.choice(MUTATIONS)(rng, mutant) or b"."
        if mutant != original:
            count -= 1
            yield mutant


@pytest.mark.requirement("A_25632")
def test_no_mutant_of_a_signed_list_is_accepted(pki: ListPki, trust: ListTrust) -> None:
    entries = [{"domain": f"s{i}.tim.test", "telematikID": f"1-{i}", "isInsurance": False} for i in range(20)]
    document = sign_federation_list({"version": 7, "domainList": entries}, pki.signer)
    assert verify_federation_list(document, trust, NOW).federation_list.servers == 20
    accepted = []
    for mutant in mutants(document):
        try:
            verify_federation_list(mutant, trust, NOW)
        except FederationListError:
            continue
        accepted.append(mutant)
    assert accepted == []


@pytest.mark.requirement("A_25635")
def test_no_mutant_of_an_ocsp_answer_is_accepted(pki: ListPki) -> None:
    certificate, issuer = pki.signer.certificate, pki.component_ca.certificate
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()  # noqa: S303 - id
    answer = OcspResponder.of(pki, lambda: NOW).answer(request.public_bytes(serialization.Encoding.DER))
    check_ocsp(answer, certificate, issuer, NOW)
    accepted = []
    for mutant in mutants(answer):
        try:
            check_ocsp(mutant, certificate, issuer, NOW)
        except FederationListError:
            continue
        accepted.append(mutant)
    assert accepted == []
