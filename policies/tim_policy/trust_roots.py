"""Which root certificates are believed: those of the operator's own file, or only what pinned ones vouch for.

gematik publishes its roots as `roots.json`: an array of entries with `cert` (the self-signed root) and, in `prev`
and `next`, the same root's key certified by the root before and after it (cross certificates). All are Base64 DER;
each may be null or empty.
"""

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from tim_policy.certificate_chain import Untrusted, check_path, common_name, is_issued_by, load_certificate
from tim_policy.errors import ConfigError

_PEM = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class RootEntry:
    """One root of `roots.json` and the certificates with which its neighbours vouch for it."""

    root: x509.Certificate
    cross: tuple[x509.Certificate, ...]


def parse_trust_anchors(data: bytes) -> tuple[x509.Certificate, ...]:
    """Read roots that are all trusted: gematik's `roots.json` or PEM certificates.

    Raises:
        ConfigError: neither, or no certificate inside.
    """
    return tuple(entry.root for entry in parse_roots(data))


def parse_roots(data: bytes) -> tuple[RootEntry, ...]:
    """Read roots and their cross certificates; PEM holds roots only.

    Raises:
        ConfigError: neither `roots.json` nor PEM, or no root inside.
    """
    try:
        if data.lstrip().startswith(_PEM):
            entries = [RootEntry(root, ()) for root in x509.load_pem_x509_certificates(data)]
        else:
            entries = [_entry(entry, i) for i, entry in enumerate(json.loads(data)) if entry["cert"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Untrusted):
        raise ConfigError("not a roots.json of the TI and no PEM certificates") from None
    if not entries:
        raise ConfigError("no root certificate inside")
    return tuple(entries)


def parse_issuer(data: bytes) -> x509.Certificate:
    """Read one certificate, DER or PEM.

    Raises:
        ConfigError: neither.
    """
    try:
        if data.lstrip().startswith(_PEM):
            return x509.load_pem_x509_certificate(data)
        return load_certificate(data, "issuer")
    except (ValueError, Untrusted):
        raise ConfigError("not a certificate (expected: DER or PEM)") from None


def reachable_roots(
    entries: Collection[RootEntry], pinned: Collection[x509.Certificate], at: datetime
) -> tuple[x509.Certificate, ...]:
    """The pinned roots, and every root that one of them vouches for, directly or over others.

    A root vouches for another by a cross certificate: issued by the former, for the name and key of the latter, a
    CA certificate valid at `at`. Roots without such a link are left out, whatever else the file says about them.

    Args:
        entries: content of `roots.json`; not trusted by itself.
        pinned: root certificates that the operator got by another way.
        at: the instant the links must be valid for, timezone-aware.

    Raises:
        ConfigError: a pinned certificate is no root (not signed by itself).
    """
    for certificate in pinned:
        if not is_issued_by(certificate, certificate):
            raise ConfigError(f"'{common_name(certificate)}' is no root certificate (expected: signed by itself)")
    trusted = list(dict.fromkeys(pinned))
    for voucher in trusted:  # grows while it is walked
        trusted += [e.root for e in entries if e.root not in trusted and _is_vouched_for(e, voucher, at)]
    return tuple(trusted)


def _is_vouched_for(entry: RootEntry, voucher: x509.Certificate, at: datetime) -> bool:
    return any(_is_link(cross, entry.root, voucher, at) for cross in entry.cross)


def _is_link(cross: x509.Certificate, root: x509.Certificate, voucher: x509.Certificate, at: datetime) -> bool:
    if cross.subject != root.subject or cross.public_key() != root.public_key():
        return False
    if not (is_issued_by(cross, voucher) and is_issued_by(root, root)):
        return False
    try:
        # The link as a path whose leaf stands for what the new root will sign.
        check_path((root, cross, voucher), at)
    except Untrusted:
        return False
    return True


def _entry(entry: Any, index: int) -> RootEntry:
    root = load_certificate(base64.b64decode(entry["cert"]), f"root {index}")
    cross = [
        load_certificate(base64.b64decode(entry[link]), f"root {index} {link}")
        for link in ("prev", "next")
        if entry.get(link)
    ]
    return RootEntry(root, tuple(cross))
