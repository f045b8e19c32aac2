"""createRoom: a request that contradicts itself, or locks its creator out, makes no room."""

from typing import Any

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, COLLEAGUE, CREATOR, create, initial
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.rules.create_room_consistency import decide


def joins(rule: str) -> dict[str, Any]:
    return initial("m.room.join_rules", {"join_rule": rule})


CONTRADICTORY = [
    {"visibility": "public", "preset": "private_chat"},
    {"visibility": "public", "preset": "trusted_private_chat"},
    {"visibility": "public", "initial_state": [joins("invite")]},
    {"visibility": "public", "initial_state": [joins("knock")]},
    {"preset": "public_chat", "initial_state": [joins("invite")]},
    {"preset": "private_chat", "initial_state": [joins("public")]},
    {"initial_state": [joins("public"), joins("invite")]},
    {"initial_state": [joins("invite"), joins("knock")]},
    {"initial_state": [initial("org.example", {}, "a"), initial("org.example", {"b": 1}, "a")]},
    {"power_level_content_override": {"users": {CREATOR: 0}}},
    {"power_level_content_override": {"users": {COLLEAGUE: 100}}},
    {"power_level_content_override": {"users": {CREATOR: 99}}},  # encryption takes 100
    {"power_level_content_override": {"state_default": 101}},
    {"power_level_content_override": {"events": {"m.room.name": 101}}, "name": "x"},
    {"power_level_content_override": {"invite": 101}, "invite": [COLLEAGUE]},
    {"initial_state": [initial("m.room.power_levels", {})]},
    {"initial_state": [initial("m.room.power_levels", {"users": {CREATOR: 49}})]},
]


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("body", CONTRADICTORY)
def test_nothing_is_guessed(rules: RuleSet, body: dict[str, Any]) -> None:
    facts = create(body, rules)
    assert decide(facts, in_force(rules.create_room_consistency)) == Deny("A_25323-01", Reason.CONTRADICTORY_ROOM)


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"preset": "private_chat", "visibility": "private", "initial_state": [joins("invite")]},
        {"preset": "public_chat", "visibility": "private"},
        {"initial_state": [joins("invite"), joins("invite")]},
        {"initial_state": [initial("org.example", {}, "a"), initial("org.example", {"b": 1}, "b")]},
        {"name": "x", "initial_state": [initial("m.room.name", {"name": "y"})]},
        {"power_level_content_override": {"invite": 101}},
        {"power_level_content_override": {"users": {CREATOR: 100, COLLEAGUE: 50}}},
        {"power_level_content_override": {"events": {"org.matrix.msc3401.call.member": 0}}},
        {"initial_state": [initial("m.room.power_levels", {"users": {CREATOR: 50}})]},
    ],
)
def test_what_fits_together_passes(rules: RuleSet, body: dict[str, Any]) -> None:
    assert decide(create(body, rules), in_force(rules.create_room_consistency)) == Allow()
