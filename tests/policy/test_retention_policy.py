"""Periods are data: every class has one, and no policy says less than nothing or more than it may."""

from datetime import timedelta
from typing import Any

import pytest
import yaml

from tim_policy.errors import ConfigError
from tim_policy.retention_policy import (
    DATA_CLASSES,
    PolicyName,
    Without,
    class_descriptions,
    load_policy,
    period_text,
    shipped_policy,
    with_periods,
)

MINIMAL = shipped_policy(PolicyName.MINIMAL)


def changed(**periods: Any) -> dict[str, Any]:
    data = {name: period_text(period) for name, period in MINIMAL.periods}
    return {"policy": "minimal", "meaning": "a test", "periods": data | periods}


@pytest.mark.parametrize("name", PolicyName)
def test_every_policy_ships_with_a_period_for_every_class(name: PolicyName) -> None:
    policy = shipped_policy(name)
    assert policy.policy == name
    assert {key for key, _ in policy.periods} == set(DATA_CLASSES)


@pytest.mark.parametrize("name", DATA_CLASSES)
def test_every_class_says_why_and_what_breaks(name: str) -> None:
    described = class_descriptions()[name]
    assert all((described.what, described.purpose, described.legal, described.breaks))
    assert described.words or described.is_time_accepted


@pytest.mark.parametrize(
    "text", [0, "0d", "-1d", "30", 30, 1.5, "1.5d", "", None, "30 d", "never", "P30D", True, [], {}]
)
def test_a_period_without_unit_or_sense_is_refused(text: Any) -> None:
    with pytest.raises(ConfigError, match=r"minimal.yaml: periods.reports: write a number above 0 and one of s, m, h"):
        load_policy(changed(reports=text), "minimal.yaml")


@pytest.mark.parametrize(
    ("name", "period", "message"),
    [
        ("orphaned_rooms", "13d", "the shortest possible time is 14d"),
        ("membership_history", "1d", "the shortest possible time is 7d"),
        ("client_addresses", "29d", "the longest possible time is 28d"),
        ("reports", "not stored", "'not stored' is not possible here"),
        ("room_state", "30d", "expected 'while used'"),
        ("presence", "while used", "'while used' is not possible here"),
    ],
)
def test_a_period_that_its_class_cannot_have_is_refused(name: str, period: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"periods.{name}: {message}"):
        load_policy(changed(**{name: period}), "minimal.yaml")
    with pytest.raises(ConfigError, match=f"retention.periods.{name}: {message}"):
        with_periods(MINIMAL, {name: period}, "retention.periods")


def test_a_missing_class_and_an_unknown_one_are_named() -> None:
    data = changed(receipt="1d")
    del data["periods"]["receipts"]
    with pytest.raises(ConfigError) as caught:
        load_policy(data, "x")
    assert str(caught.value).splitlines() == [
        "x: periods.receipts: is missing",
        "x: periods.receipt: unknown key; did you mean 'receipts'?",
    ]
    with pytest.raises(ConfigError, match=r"p\.receipt: unknown data class; did you mean 'receipts'\?"):
        with_periods(MINIMAL, {"receipt": "1d"}, "p")


@pytest.mark.requirement("A_25319")
def test_an_operator_sets_single_periods() -> None:
    policy = with_periods(MINIMAL, {"reports": "30d", "client_addresses": "7d"}, "p")
    assert policy.periods.reports == timedelta(days=30)
    assert policy.periods.client_addresses == timedelta(days=7)
    assert policy.periods.receipts == MINIMAL.periods.receipts
    inactive = with_periods(shipped_policy(PolicyName.TIM_1_1), {"inactive_rooms": "90d"}, "p").periods.inactive_rooms
    assert inactive == timedelta(days=90)


def test_the_numbers_of_the_specification() -> None:
    rooms = {name: shipped_policy(name).periods for name in PolicyName}
    assert rooms[PolicyName.TIM_1_2].orphaned_rooms == timedelta(days=14)
    assert rooms[PolicyName.TIM_1_2].inactive_rooms is Without.WHILE_USED
    assert rooms[PolicyName.TIM_1_1].inactive_rooms == timedelta(days=182)
    assert rooms[PolicyName.EPA].insured_only_rooms == timedelta(days=7)


@pytest.mark.parametrize("text", ["90d", "36h", "90m", "61s"])
def test_a_period_is_written_as_it_is_read(text: str) -> None:
    assert period_text(with_periods(MINIMAL, {"openid_tokens": text}, "x").periods.openid_tokens) == text


def test_written_and_read_again_a_policy_is_the_same() -> None:
    assert load_policy(yaml.safe_load(yaml.safe_dump(changed())), "x").periods == MINIMAL.periods
