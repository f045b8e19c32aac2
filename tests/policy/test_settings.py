"""Configuration faults are told one per line, with the key and what to do, and without the value."""

import pytest
from pydantic import Field

from tim_policy.errors import ConfigError
from tim_policy.settings import Settings, load_settings
from tim_policy.units import Duration


class Inner(Settings):
    refresh_interval: Duration
    password: str = Field(default="x", max_length=3)


class Outer(Settings):
    name: str
    inner: Inner | None = None


def fault(data: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(Outer, data, "file.yaml")
    return str(caught.value)


def test_a_good_block_is_read() -> None:
    outer = load_settings(Outer, {"name": "a", "inner": {"refresh_interval": "2h"}}, "file.yaml")
    assert outer.inner is not None
    assert outer.inner.refresh_interval.total_seconds() == 7200


def test_an_unknown_key_is_refused_with_the_nearest_name() -> None:
    text = fault({"name": "a", "inner": {"refresh_interval": "2h", "refresh_intervall": "3h"}})
    assert text == "file.yaml: inner.refresh_intervall: unknown key; did you mean 'refresh_interval'?"


def test_an_unknown_key_without_a_neighbour_lists_the_known_ones() -> None:
    assert fault({"name": "a", "zzz": 1}) == "file.yaml: zzz: unknown key; known keys: inner, name"


def test_every_fault_has_its_own_line() -> None:
    assert fault({"inner": {"refresh_interval": 15}}).splitlines() == [
        "file.yaml: name: is missing",
        "file.yaml: inner.refresh_interval: write a number and one of s, m, h, d, w; for example 24h",
    ]


@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_what_is_no_block_is_refused(data: object) -> None:
    assert fault(data).startswith("file.yaml: ")


def test_a_refused_value_is_not_repeated() -> None:
    assert "geheim" not in fault({"name": "a", "inner": {"refresh_interval": "1h", "password": "geheim"}})
