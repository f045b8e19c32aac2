"""What an event cannot hold is seen before the homeserver stumbles over it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.canonical_json import encoded_bytes, is_canonical

DEPTH = 8


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        "\0",
        "a\0b",
        "\ud800",
        {"\ud800": 1},
        {"\0": 1},
        {1: 1},
        {"a": [{"b": "\ud83d"}]},
        b"bytes",
        {1, 2},
        nested(DEPTH + 1),
        nested(100_000),
    ],
)
def test_what_no_event_holds(value: Any) -> None:
    assert not is_canonical(value, DEPTH)


@pytest.mark.parametrize(
    "value", [None, True, 0, 2**53 - 1, 1 - 2**53, "", "😀 ü\n\t\x7f", {}, [], {"": [None]}, nested(DEPTH)]
)
def test_what_events_hold(value: Any) -> None:
    assert is_canonical(value, DEPTH)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_a_canonical_value_can_be_encoded(value: Any) -> None:
    if is_canonical(value, DEPTH):
        assert json.loads(json.dumps(value)) == value
        assert encoded_bytes(value) > 0
