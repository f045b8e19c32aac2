"""Power levels leave the safeguards to those who were appointed."""

from dataclasses import replace
from typing import Any

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, CREATOR, NEW_ROOM, ROOM, create, initial, state
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.room_creation import judge_create_room
from tim_policy.room_state import POWER_LEVELS
from tim_policy.rules.state_power_levels import decide

USUAL: dict[str, Any] = {
    "users": {CREATOR: 100},
    "events": {"m.room.power_levels": 100, "m.room.encryption": 100},
    "state_default": 50,
}
DISARMING: list[dict[str, Any]] = [
    {"state_default": 0},
    {"state_default": 49},
    {"users_default": 50},
    {"users_default": 100},
    {"ban": 0},
    {"kick": 10},
    {"events": {"m.room.join_rules": 0}},
    {"events": {"m.room.history_visibility": 1}},
    {"events": {"m.room.power_levels": 0}},
    {"events": {"m.room.encryption": -1}},
    {"events": {"m.room.server_acl": 49}},
    {"events": {"m.room.tombstone": 0}},
    {"events": {"m.room.guest_access": 0}},
]


@pytest.mark.requirement("TIM_ROOM_POWER")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("change", DISARMING)
def test_no_safeguard_falls(rules: RuleSet, change: dict[str, Any]) -> None:
    denied = Deny("TIM_ROOM_POWER", Reason.POWER_LEVELS)
    for room in (NEW_ROOM, replace(ROOM, power_levels=USUAL)):
        assert decide(state(POWER_LEVELS, USUAL | change, room), in_force(rules.state_power_levels)) == denied
    override = {"power_level_content_override": USUAL | change}
    own = {"initial_state": [initial(POWER_LEVELS, USUAL | change)]}
    for body in (override, own):
        assert judge_create_room(create(body, rules), rules) == denied


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"invite": 0},
        {"events_default": 0},
        {"users": {CREATOR: 100, "@c:pflege.tim.test": 100}},
        {"events": {"m.room.name": 0, "org.matrix.msc3401.call.member": 0}},
        {"users_default": -10},
        {"redact": 0},
        {"state_default": 0, "events": dict.fromkeys(in_force(ALL[0].state_power_levels).protected_events, 50)},
    ],
)
def test_everything_else_is_the_rooms_business(rules: RuleSet, change: dict[str, Any]) -> None:
    facts = state(POWER_LEVELS, USUAL | change, replace(ROOM, power_levels=USUAL))
    assert decide(facts, in_force(rules.state_power_levels)) == Allow()
    assert judge_create_room(create({"power_level_content_override": USUAL | change}, rules), rules) == Allow()


@pytest.mark.parametrize("rules", ALL)
def test_a_room_that_lacks_safeguards_can_be_mended_step_by_step(rules: RuleSet) -> None:
    before = USUAL | {"users_default": 0, "ban": 0, "kick": 0}
    room = replace(ROOM, power_levels=before)
    assert decide(state(POWER_LEVELS, before | {"ban": 50}, room), in_force(rules.state_power_levels)) == Allow()
    worse = decide(state(POWER_LEVELS, before | {"state_default": 0}, room), in_force(rules.state_power_levels))
    assert worse == Deny("TIM_ROOM_POWER", Reason.POWER_LEVELS)
