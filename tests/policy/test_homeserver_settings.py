"""Which settings a profile needs, and what an operator reads when one contradicts."""

import pytest

from tests.policy.profiles import PROFILES
from tim_policy.homeserver_settings import SETTINGS, contradictions, nested, settings_for
from tim_policy.profile import Profile, ProfileName, RuleSet, with_changes


def right(profile: Profile) -> dict[str, object]:
    """Every required setting as it should be; what this profile does not ask for, wrong."""
    wrong = {setting.key: "wrong" for setting in SETTINGS if setting.is_required}
    return wrong | {setting.key: setting.value for setting in settings_for(profile)}


@pytest.mark.parametrize("name", ProfileName)
def test_right_settings_contradict_nothing(name: ProfileName) -> None:
    assert contradictions(PROFILES[name], right(PROFILES[name])) == ()


@pytest.mark.parametrize("name", ProfileName)
def test_each_wrong_one_has_a_line_that_names_it(name: ProfileName) -> None:
    profile = PROFILES[name]
    for setting in settings_for(profile, only_required=True):
        (line,) = contradictions(profile, right(profile) | {setting.key: "wrong"})
        assert line.startswith(f"homeserver.yaml: {setting.key}: must be ")
        assert f" for {name}: " in line
    everything = contradictions(profile, dict.fromkeys(right(profile), "wrong"))
    assert len(everything) == len(list(settings_for(profile, only_required=True)))


def test_the_line_in_full() -> None:
    profile = PROFILES[ProfileName.PRO_1_2]
    (line,) = contradictions(profile, right(profile) | {"allow_guest_access": True})
    assert line == (
        "homeserver.yaml: allow_guest_access: must be false for pro-basis-1.2: there are no guest accounts (REF_GUEST)"
        "; or take the rule out of force (tim_synapse: rules: {request_guest: {unsafe_off: true}})"
    )


def test_a_rule_that_is_off_needs_no_setting() -> None:
    profile, _ = with_changes(PROFILES[ProfileName.PRO_1_2], {"request_guest": {"unsafe_off": True}}, "rules")
    assert contradictions(profile, right(profile) | {"allow_guest_access": True}) == ()


def test_products_differ_where_they_must() -> None:
    both = [nested(settings_for(PROFILES[name])) for name in (ProfileName.PRO_1_2, ProfileName.EPA_1_2)]
    assert [settings["user_directory"]["search_all_users"] for settings in both] == [True, False]
    key = "limit_profile_requests_to_users_who_share_rooms"
    assert [settings.get(key) for settings in both] == [None, True]


def test_the_table_names_rules_that_exist_and_no_key_twice() -> None:
    assert {setting.rule for setting in SETTINGS} - {None} <= RuleSet.model_fields.keys()
    for profile in PROFILES.values():
        keys = [setting.key for setting in settings_for(profile)]
        assert len(keys) == len(set(keys))
