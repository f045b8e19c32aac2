"""Bodies that no client of good faith sends: a good one with one or two places gone wrong, and what is no JSON at all.

Hypothesis makes them, always the same ones: a failure is repeated by running the test again.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


class Literal(str):
    """Stands in the body as it is."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object whose keys may repeat."""


_DEEP = 3000
_LITERALS = [
    *("NaN", "Infinity", "-Infinity", "1e999", "-0", "0.5", "1E5", "9007199254740993", "-9007199254740993"),
    "9" * 400,
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    "[" * _DEEP + "]" * _DEEP,
    '{"a":' * _DEEP + "1" + "}" * _DEEP,
]
_TEXTS = [
    *("", " ", "\x00", "a\x00b", "\ufeff", "\u202e", "e\u0301", "ﬁ", "İ", "ß", "👩🏽\u200d⚕\ufe0f", "1\ufe0f\u20e3"),
    *("$USER", "$COLLEAGUE", "$BLOCKER", "$ROOM", "$EVENT", "@a:b", "@:", "!x:y", "#a:b", "$x", "*", "../..", "%00"),
    *("public", "knock", "world_readable", "m.megolm.v1.aes-sha2", "10", "11", "de.gematik.tim.roomtype.default.v2"),
    *("@UPPER:praxis.tim.test", "@x:praxis.tim.test\n", "@x:[::1]", "@x:fremd.test", "@x:kasse.tim.test"),
    "x" * 300,
    "ä" * 70_000,
]
_NO_JSON = [
    *(b"", b" ", b"{", b'{"a":}', b"\xff\xfe", b"\xef\xbb\xbf{}", b"\x00", b"null", b"[]", b'"x"', b"1", b"true"),
    b'{"\xed\xa0\x80": 1}',
    b"[" * 20_000,
    "{}".encode("utf-16"),
]

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(_TEXTS),
    st.sampled_from(_LITERALS).map(Literal),
)
_keys = st.one_of(st.text(max_size=4), st.sampled_from(["$USER", "type", "content", "users", "\x00", "m.relates_to"]))
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def bodies(draw: st.DrawFn, *templates: Any) -> bytes:
    """One body; tokens like `$USER` are still in it.

    Args:
        draw: given by hypothesis.
        templates: good bodies; no objects: any JSON value instead.
    """
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(_NO_JSON))
    if draw(st.integers(0, 9)) == 0:
        return dumped(draw(_values)).encode()
    body = [copy.deepcopy(draw(st.sampled_from(templates)))]
    for _ in range(draw(st.integers(1, 2))):
        holder, key = draw(st.sampled_from(list(_places(body))))
        _spoil(draw, holder, key)
    return dumped(body[0]).encode()


def examples(count: int, *templates: Any) -> list[bytes]:
    """Always the same `count` bodies, or a few less when hypothesis finds no new ones."""
    found: dict[bytes, None] = {}

    @settings(
        max_examples=3 * count,  # hypothesis likes to come back to what it has
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(bodies(*templates))
    def collect(body: bytes) -> None:
        found[body] = None

    collect()
    return list(found)[-count:]  # it begins with the simplest


def dumped(value: Any) -> str:
    """JSON, with what `json` does not write."""
    if isinstance(value, Literal):
        return value
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{dumped(key)}:{dumped(each)}" for key, each in value) + "}"
    if isinstance(value, dict):
        return dumped(Pairs(value.items()))
    if isinstance(value, list):
        return "[" + ",".join(map(dumped, value)) + "]"
    return json.dumps(value)


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Every value of a body, the body itself included, as its holder and key."""
    keys = range(len(holder)) if isinstance(holder, list) else holder
    for key in keys:
        yield holder, key
        if isinstance(holder[key], list | dict) and not isinstance(holder[key], Pairs):
            yield from _places(holder[key])


def _spoil(draw: st.DrawFn, holder: Any, key: Any) -> None:
    value = holder[key]
    how = draw(st.sampled_from(["replace", "replace", "replace", "wrap", "drop", "double", "add"]))
    if how == "drop" and isinstance(holder, dict):
        del holder[key]
    elif how == "double" and isinstance(value, dict) and value:
        again = draw(st.sampled_from(sorted(value)))
        holder[key] = Pairs([(again, draw(_values)), *value.items(), (again, draw(_values))])
    elif how == "add" and isinstance(value, dict):
        value[draw(_keys)] = draw(_values)
    elif how == "add" and isinstance(value, list) and not isinstance(value, Pairs):
        value.append(draw(_values))
    elif how == "wrap":
        holder[key] = draw(st.sampled_from([[value], {"a": value}, [value, value]]))
    else:
        holder[key] = draw(_values)
