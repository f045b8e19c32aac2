"""Which roots are believed when some are pinned."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tim_policy.certificate_chain import common_name
from tim_policy.errors import ConfigError
from tim_policy.trust_roots import RootEntry, parse_issuer, parse_roots, parse_trust_anchors, reachable_roots
from tim_sandbox.pki import Identity, cross_certificate, make_component_ca, make_list_signer, make_root
from tim_sandbox.pki_files import roots_json

NOW = datetime.now(UTC)
FOLDER = Path(__file__).parents[3] / "shared" / "gematik" / "federation-list"


@pytest.fixture(scope="module")
def roots() -> list[Identity]:
    """Four roots with different names."""
    return [make_root(common_name=f"GEM.RCA{number} TEST-ONLY") for number in range(1, 5)]


def certificates(roots: list[Identity]) -> tuple[x509.Certificate, ...]:
    return tuple(root.certificate for root in roots)


def linked(root: Identity, *cross: x509.Certificate) -> RootEntry:
    return RootEntry(root.certificate, cross)


def reached(entries: list[RootEntry], pinned: Identity, at: datetime = NOW) -> set[x509.Certificate]:
    return set(reachable_roots(entries, [pinned.certificate], at))


def test_without_a_link_only_the_pin_counts(roots: list[Identity]) -> None:
    assert reached([linked(root) for root in roots], roots[0]) == {roots[0].certificate}


def test_a_chain_of_links_is_followed_in_any_order(roots: list[Identity]) -> None:
    entries = [linked(roots[0])]
    entries += [linked(new, cross_certificate(new, old)) for old, new in itertools.pairwise(roots)]
    assert reached(entries[::-1], roots[0]) == set(certificates(roots))
    assert reached(entries, roots[2]) == set(certificates(roots[2:]))


def test_links_backwards_count_too(roots: list[Identity]) -> None:
    entries = [linked(roots[0], cross_certificate(roots[0], roots[1])), linked(roots[1])]
    assert reached(entries, roots[1]) == set(certificates(roots[:2]))


def test_a_circle_ends(roots: list[Identity]) -> None:
    one, two = roots[:2]
    entries = [linked(one, cross_certificate(one, two)), linked(two, cross_certificate(two, one))]
    assert reached(entries, one) == set(certificates(roots[:2]))


def test_a_pin_that_the_file_does_not_name_counts(roots: list[Identity]) -> None:
    entries = [linked(roots[1], cross_certificate(roots[1], roots[0]))]
    assert reached(entries, roots[0]) == set(certificates(roots[:2]))


def test_a_stranger_of_the_same_name_is_no_voucher(roots: list[Identity]) -> None:
    stranger = make_root(common_name=common_name(roots[0].certificate))
    assert reached([linked(roots[1], cross_certificate(roots[1], stranger))], roots[0]) == {roots[0].certificate}


def test_a_link_for_another_key_vouches_for_nobody(roots: list[Identity]) -> None:
    impostor = make_root(common_name=common_name(roots[1].certificate))
    link = cross_certificate(roots[1], roots[0])
    assert reached([linked(impostor, link)], roots[0]) == {roots[0].certificate}


def test_a_link_for_another_name_vouches_for_nobody(roots: list[Identity]) -> None:
    renamed = Identity(make_root(common_name="GEM.RCA9 TEST-ONLY").certificate, roots[1].private_key)
    link = cross_certificate(renamed, roots[0])
    assert reached([linked(roots[1], link)], roots[0]) == {roots[0].certificate}


def test_a_component_ca_is_no_link(roots: list[Identity]) -> None:
    component_ca = make_component_ca(roots[0])
    entries = [linked(component_ca, component_ca.certificate)]
    assert reached(entries, roots[0]) == {roots[0].certificate}


@pytest.mark.parametrize("days", [-400, 400])
def test_a_link_must_be_valid_now(roots: list[Identity], days: int) -> None:
    link = cross_certificate(
        roots[1], roots[0], not_before=NOW - timedelta(days=10), not_after=NOW + timedelta(days=10)
    )
    assert reached([linked(roots[1], link)], roots[0]) == set(certificates(roots[:2]))
    assert reached([linked(roots[1], link)], roots[0], NOW + timedelta(days=days)) == {roots[0].certificate}


def test_a_pin_must_be_a_root(roots: list[Identity]) -> None:
    signer = make_list_signer(make_component_ca(roots[0])).certificate
    with pytest.raises(ConfigError, match="is no root certificate"):
        reachable_roots([], [signer], NOW)


def test_roots_json_holds_roots_and_links(roots: list[Identity]) -> None:
    old, new = roots[:2]
    forwards, backwards = cross_certificate(new, old), cross_certificate(old, new)
    cross = {new.certificate: {"prev": forwards}, old.certificate: {"next": backwards}}
    data = roots_json(certificates(roots[:2]), cross)
    assert parse_roots(data) == (linked(old, backwards), linked(new, forwards))
    assert parse_trust_anchors(data) == certificates(roots[:2])
    pem = b"".join(root.certificate.public_bytes(serialization.Encoding.PEM) for root in roots)
    assert parse_roots(pem) == tuple(linked(root) for root in roots)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"[1]", b'[{"cert": null}]', b'[{"cert": "AAAA"}]', b"\xff"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_roots(data)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="gematik's roots are not beside this checkout")
def test_gematiks_own_links_lead_from_a_pinned_root_to_the_newer_ones() -> None:
    entries = parse_roots((FOLDER / "roots.json").read_bytes())
    by_name = {common_name(entry.root): entry.root for entry in entries}
    at = datetime(2026, 11, 22, tzinfo=UTC)
    reachable = reachable_roots(entries, [by_name["GEM.RCA4 TEST-ONLY"]], at)
    names = {common_name(root).removesuffix(" TEST-ONLY") for root in reachable}
    assert names == {"GEM.RCA3", "GEM.RCA4", "GEM.RCA5", "GEM.RCA6", "GEM.RCA8"}
    assert (
        parse_issuer((FOLDER / "GEM.KOMP-CA50_TEST-ONLY.der").read_bytes()).issuer
        == by_name["GEM.RCA4 TEST-ONLY"].subject
    )
