"""gematik's own signed list of the test environment, where it lies beside the checkout (it is not shipped)."""

import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tim_policy.certificate_chain import Expired
from tim_policy.federation_list import FederationListError
from tim_policy.federation_trust import ListTrust, verify_federation_list
from tim_policy.names import ServerName
from tim_policy.trust_roots import parse_issuer, parse_trust_anchors

FOLDER = Path(__file__).parents[3] / "shared" / "gematik" / "federation-list"
LETTERS = (string.ascii_letters + string.digits + "-_").encode()
PARTS = 4  # of the sweep over all bytes, so that they can run side by side
AT = datetime(2026, 11, 22, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="gematik's list is not beside this checkout")


@pytest.fixture(scope="module")
def document() -> bytes:
    return (FOLDER / "federationList.jws").read_bytes()


@pytest.fixture(scope="module")
def gematik() -> ListTrust:
    return ListTrust(
        parse_trust_anchors((FOLDER / "roots.json").read_bytes()),
        (parse_issuer((FOLDER / "GEM.KOMP-CA50_TEST-ONLY.der").read_bytes()),),
    )


def test_it_verifies(document: bytes, gematik: ListTrust) -> None:
    verified = verify_federation_list(document, gematik, AT)
    assert verified.chain == ("VZD-FHIR-FList-Signer", "GEM.KOMP-CA50 TEST-ONLY", "GEM.RCA4 TEST-ONLY")
    federation_list = verified.federation_list
    assert (federation_list.version, federation_list.entries, federation_list.servers) == (956, 175, 173)
    assert (federation_list.insurers, federation_list.unusable_entries) == (3, 0)
    assert federation_list.is_listed(ServerName("tim-test.attrian.com"))
    assert not federation_list.is_listed(ServerName("matrix.org"))


@pytest.mark.parametrize("year", [2022, 2029])
def test_it_does_not_verify_outside_its_signers_validity(document: bytes, gematik: ListTrust, year: int) -> None:
    with pytest.raises(Expired):
        verify_federation_list(document, gematik, AT.replace(year=year))


@pytest.mark.parametrize("part", range(PARTS))
def test_no_byte_of_it_can_be_changed(part: int, document: bytes, gematik: ListTrust) -> None:
    """Every byte in turn, mostly by another letter of the alphabet, so that the signature has to notice it."""
    accepted = []
    for position in range(part, len(document), PARTS):
        original = document[position]
        letter = LETTERS[(LETTERS.find(original) + 1 + position % 62) % 64]
        replacement = letter if position % 8 else original ^ (1 + position % 255)
        assert replacement != original
        try:
            verify_federation_list(document[:position] + bytes((replacement,)) + document[position + 1 :], gematik, AT)
        except FederationListError:
            continue
        accepted.append(position)
    assert accepted == []
