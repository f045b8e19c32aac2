"""Encryption stays on."""

from dataclasses import replace
from typing import Any

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, MEGOLM, PRO, PUBLIC_ROOM, ROOM, create, initial, state
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.room_creation import judge_create_room
from tim_policy.room_state import ENCRYPTION, RoomFacts
from tim_policy.rules.state_encryption import decide


@pytest.mark.requirement("A_25324-01")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("room", [ROOM, replace(ROOM, encryption=None), PUBLIC_ROOM])
@pytest.mark.parametrize("content", [{}, {"algorithm": "m.olm"}, {"algorithm": None}, {"algorithm": {}}])
def test_it_is_neither_removed_nor_changed(rules: RuleSet, room: RoomFacts, content: dict[str, Any]) -> None:
    decision = decide(state(ENCRYPTION, content, room), in_force(rules.state_encryption))
    assert decision == Deny("A_25324-01", Reason.NOT_ENCRYPTED)


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("content", [MEGOLM, MEGOLM | {"rotation_period_ms": 604800000}])
def test_it_is_switched_on_and_its_keys_turn_as_the_client_likes(rules: RuleSet, content: dict[str, Any]) -> None:
    for room in (ROOM, replace(ROOM, encryption=None)):
        assert decide(state(ENCRYPTION, content, room), in_force(rules.state_encryption)) == Allow()


@pytest.mark.requirement("A_25325-01")
@pytest.mark.parametrize("rules", PRO)
def test_public_rooms_have_none(rules: RuleSet) -> None:
    denied = Deny("A_25324-01", Reason.PUBLIC_ROOM_ENCRYPTED)
    assert decide(state(ENCRYPTION, MEGOLM, PUBLIC_ROOM), in_force(rules.state_encryption)) == denied
    body = {"preset": "public_chat", "initial_state": [initial(ENCRYPTION, MEGOLM)]}
    assert judge_create_room(create(body, rules), rules) == denied
