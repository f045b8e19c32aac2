"""Guests stay out."""

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, NEW_ROOM, create, initial, state
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.room_state import GUEST_ACCESS, content_in
from tim_policy.rules.state_guest_access import decide

CAN_JOIN = {"guest_access": "can_join"}


@pytest.mark.parametrize("rules", ALL)
def test_a_room_is_not_opened_for_guests(rules: RuleSet) -> None:
    parameters = in_force(rules.state_guest_access)
    assert decide(state(GUEST_ACCESS, CAN_JOIN), parameters) == Deny("A_25323-01", Reason.GUESTS)
    assert decide(state(GUEST_ACCESS, {"guest_access": "forbidden"}), parameters) == Allow()
    assert decide(state(GUEST_ACCESS, CAN_JOIN, NEW_ROOM), parameters) == Allow()


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("events", [[], [initial(GUEST_ACCESS, CAN_JOIN)]])
def test_a_new_room_is_closed_to_guests_whatever_its_client_sends(rules: RuleSet, events: list[object]) -> None:
    planned = create({"initial_state": events}, rules).plan.events
    assert content_in(planned, GUEST_ACCESS) == {"guest_access": "forbidden"}
