"""Writes tiny country databases in MMDB format 2.0, for tests; the published format description is the source."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_MARKER = b"\xab\xcd\xefMaxMind.com"
_SEPARATOR = bytes(16)
_EMPTY = -1
_MAP, _STRING, _UINT16, _UINT32, _UINT64, _ARRAY = 7, 2, 5, 6, 9, 11
_FIRST_EXTENDED = 8


def write_mmdb(path: Path, records: Mapping[str, Any]) -> Path:
    """Write a database that knows `records`, from network to record; networks must not contain each other."""
    data = b""
    tree = [[_EMPTY, _EMPTY]]
    leaves: list[tuple[int, int, int]] = []
    for network, record in records.items():
        node, side = _place(tree, ipaddress.ip_network(network))
        leaves.append((node, side, len(data)))
        data += _encode(record)
    count = len(tree)
    for node, side, offset in leaves:
        tree[node][side] = count + len(_SEPARATOR) + offset
    search = b"".join((count if side == _EMPTY else side).to_bytes(4, "big") for sides in tree for side in sides)
    metadata = {
        "binary_format_major_version": (_UINT16, 2),
        "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": (_UINT64, 1),
        "database_type": "Test-Country",
        "description": {"en": "test"},
        "ip_version": (_UINT16, 6),
        "languages": ["en"],
        "node_count": (_UINT32, count),
        "record_size": (_UINT16, 32),
    }
    path.write_bytes(search + _SEPARATOR + data + _MARKER + _encode(metadata))
    return path


def country(code: str) -> dict[str, Any]:
    """A record of the shape of GeoLite2 and DB-IP."""
    return {"country": {"iso_code": code}}


def _place(tree: list[list[int]], network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> tuple[int, int]:
    """The place of the network's record; IPv4 stands below ::/96."""
    length = network.prefixlen + (96 if network.version == 4 else 0)
    bits = f"{int(network.network_address):0128b}"[:length]
    node = 0
    for bit in map(int, bits[:-1]):
        if tree[node][bit] == _EMPTY:
            tree.append([_EMPTY, _EMPTY])
            tree[node][bit] = len(tree) - 1
        node = tree[node][bit]
    return node, int(bits[-1])


def _encode(value: Any) -> bytes:
    match value:
        case (int(kind), int(number)):
            raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
            return _control(kind, len(raw)) + raw
        case str():
            raw = value.encode()
            return _control(_STRING, len(raw)) + raw
        case list():
            return _control(_ARRAY, len(value)) + b"".join(map(_encode, value))
        case dict():
            pairs = b"".join(_encode(key) + _encode(entry) for key, entry in value.items())
            return _control(_MAP, len(value)) + pairs
    raise TypeError(type(value))


def _control(kind: int, size: int) -> bytes:
    assert size < 285, "longer than these tests need"
    small, rest = (size, b"") if size < 29 else (29, bytes([size - 29]))
    if kind < _FIRST_EXTENDED:
        return bytes([kind << 5 | small]) + rest
    return bytes([small, kind - 7]) + rest
