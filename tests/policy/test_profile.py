"""Profiles ship complete; an operator may refuse more, and allows more only by saying so."""

import itertools
from typing import Any

import pytest

from tests.policy.profiles import PROFILES
from tim_policy.decision import Refusal
from tim_policy.errors import ConfigError
from tim_policy.permission_config import Product, Unconfigured
from tim_policy.profile import Profile, ProfileName, RuleSet, load_profile, with_changes

PRO = PROFILES[ProfileName.PRO_1_2]


@pytest.mark.parametrize("name", ProfileName)
def test_a_profile_is_what_its_name_says(name: ProfileName) -> None:
    profile = PROFILES[name]
    assert profile.profile is name
    assert name.startswith(profile.product)
    assert profile.specifications["gemSpec_TI-M_Basis"] == name.rpartition("-")[2]


def test_a_forgotten_rule_is_a_fault() -> None:
    data = PRO.model_dump(mode="json")
    del data["rules"]["invite_insured"]
    with pytest.raises(ConfigError, match=r"x.yaml: rules.invite_insured: is missing"):
        load_profile(data, "x.yaml")


def change(**rules: Any) -> tuple[Profile, tuple[str, ...]]:
    return with_changes(PRO, rules, "rules")


def test_a_stricter_value_is_taken() -> None:
    profile, unsafe = change(invite_permission={"unconfigured": "block all"})
    assert profile.rules.invite_permission is not None
    assert profile.rules.invite_permission.unconfigured is Unconfigured.BLOCK_ALL
    assert unsafe == ()
    assert profile.rules.invite_insured == PRO.rules.invite_insured


def test_a_wider_value_needs_its_prefix_and_is_told() -> None:
    strict, _ = change(invite_permission={"unconfigured": "block all"})
    with pytest.raises(ConfigError, match=r"allows more than the profile.*write unsafe_unconfigured"):
        with_changes(strict, {"invite_permission": {"unconfigured": "allow all"}}, "rules")
    wide, unsafe = with_changes(strict, {"invite_permission": {"unsafe_unconfigured": "allow all"}}, "rules")
    assert unsafe == ("invite_permission.unsafe_unconfigured",)
    assert wide.rules == PRO.rules


@pytest.mark.parametrize(("stricter", "wider"), list(itertools.combinations(reversed(Unconfigured), 2)))
def test_who_may_invite_an_unconfigured_user_is_narrowed_in_three_steps(stricter: str, wider: str) -> None:
    start, _ = change(invite_permission={"unsafe_unconfigured": wider})
    assert with_changes(start, {"invite_permission": {"unconfigured": stricter}}, "rules")[1] == ()
    narrow, _ = change(invite_permission={"unconfigured": stricter})
    with pytest.raises(ConfigError, match="fewer inviters"):
        with_changes(narrow, {"invite_permission": {"unconfigured": wider}}, "rules")


def test_an_operator_may_put_a_rule_in_force_that_the_profile_leaves_out() -> None:
    profile, unsafe = change(invite_insurers={})
    assert profile.rules.invite_insurers is not None
    assert unsafe == ()


def test_a_rule_is_taken_out_of_force_only_as_unsafe() -> None:
    profile, unsafe = change(invite_insured={"unsafe_off": True})
    assert profile.rules.invite_insured is None
    assert unsafe == ("invite_insured.unsafe_off",)


def test_the_refusal_may_be_worded_differently() -> None:
    profile, unsafe = change(invite_insured={"refusal": {"status": 400, "errcode": "M_UNKNOWN"}})
    assert profile.rules.invite_insured is not None
    assert profile.rules.invite_insured.refusal.as_refusal() == Refusal(400, "M_UNKNOWN")
    assert unsafe == ()


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({"invite_insurd": {}}, "rules.invite_insurd: unknown rule; did you mean 'invite_insured'?"),
        ({"invite_insured": None}, "rules.invite_insured: expected the rule's parameters"),
        ({"invite_insured": {"off": True}}, "rules.invite_insured: off: unknown key"),
        ({"invite_insured": {"unsafe_off": False}}, "unsafe_off: write 'true' and nothing else"),
        ({"invite_insured": {"unsafe_off": True, "refusal": {}}}, "unsafe_off: write 'true' and nothing else"),
        ({"invite_insured": {"refusal": {"status": 200}}}, "refusal.status: Input should be greater than or equal"),
        ({"invite_permission": {"unconfigured": "block"}}, "unconfigured: Input should be 'allow all', 'own ser"),
    ],
)
def test_a_wrong_change_is_refused_with_a_remedy(rules: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        change(**rules)
    assert text in str(caught.value)


def test_every_fault_has_a_line() -> None:
    with pytest.raises(ConfigError) as caught:
        change(a={}, b={}, invite_insured=7)
    assert len(str(caught.value).splitlines()) == 3


def test_every_rule_of_a_product_is_in_force_unless_the_profile_says_no() -> None:
    for profile in PROFILES.values():
        assert profile.product in Product
        assert RuleSet.model_fields.keys() == set(profile.rules.model_dump())
