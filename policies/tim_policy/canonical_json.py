"""JSON that may become part of an event (Matrix specification, appendices "Canonical JSON").

What breaks these rules would otherwise fail inside the homeserver, after the room of the event exists.
"""

import json
from typing import Any

_MAX_INTEGER = 2**53 - 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def is_canonical(value: object, max_depth: int) -> bool:
    """Whether a value holds nothing that an event cannot hold; never raises, however the value is nested.

    Args:
        value: any JSON value.
        max_depth: how many objects and arrays may lie inside each other.

    Returns:
        False for fractions, whole numbers beyond 2^53 - 1, text with a NUL (databases refuse it) or a lone surrogate
        (not encodable as UTF-8), anything that is not JSON, and anything nested too deep.
    """
    pending: list[tuple[object, int]] = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if isinstance(item, dict | list | tuple):
            if depth >= max_depth:
                return False
            pending += [(inner, depth + 1) for inner in item]
            if isinstance(item, dict):
                if not all(isinstance(key, str) for key in item):
                    return False
                pending += [(inner, depth + 1) for inner in item.values()]
        elif not _is_canonical_leaf(item):
            return False
    return True


def encoded_bytes(value: Any) -> int:
    """Length of a canonical value as canonical JSON."""
    return len(_ENCODER.encode(value).encode())


def _is_canonical_leaf(value: object) -> bool:
    if isinstance(value, str):
        return "\0" not in value and _is_utf8(value)
    if isinstance(value, int):
        return -_MAX_INTEGER <= value <= _MAX_INTEGER
    return value is None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
