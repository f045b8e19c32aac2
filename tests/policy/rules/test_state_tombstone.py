"""A room is replaced by one of the own server."""

from typing import Any

import pytest

from tests.policy.profiles import RULES, in_force
from tests.policy.rules.rooms import state
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.room_state import TOMBSTONE
from tim_policy.rules.state_tombstone import decide

PARAMETERS = in_force(RULES.state_tombstone)


@pytest.mark.requirement("A_26203")
@pytest.mark.parametrize(
    "room_id",
    ["!a:fremd.test", "!a:pflege.tim.test", "!abc", "", "#a:praxis.tim.test", None, 7, ["!a:praxis.tim.test"]],
)
def test_nobody_is_led_elsewhere(room_id: Any) -> None:
    facts = state(TOMBSTONE, {"body": "x", "replacement_room": room_id})
    assert decide(facts, PARAMETERS) == Deny("A_26203", Reason.REPLACEMENT_ROOM)


def test_a_room_of_the_own_server_follows() -> None:
    assert decide(state(TOMBSTONE, {"replacement_room": "!a:praxis.tim.test"}), PARAMETERS) == Allow()
