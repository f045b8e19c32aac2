"""A room's past is for its members."""

from dataclasses import replace

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, EPA, NEW_PUBLIC_ROOM, NEW_ROOM, PRO, PUBLIC_ROOM, ROOM, create, initial, state
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.profile import RuleSet
from tim_policy.registry import STATE_RULES, judge
from tim_policy.room_creation import judge_create_room
from tim_policy.room_state import HISTORY_VISIBILITY, RoomFacts, value_in
from tim_policy.rules.state_history_visibility import decide

WORLD = {"history_visibility": "world_readable"}


@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("rules", EPA)
@pytest.mark.parametrize("room", [ROOM, NEW_ROOM, PUBLIC_ROOM, NEW_PUBLIC_ROOM])
def test_rooms_of_insured_persons_are_never_open(rules: RuleSet, room: RoomFacts) -> None:
    expected = Deny("A_25481", Reason.HISTORY_FOR_EVERYBODY, Refusal(403, "M_FORBIDDEN"))
    assert judge(STATE_RULES, rules, state(HISTORY_VISIBILITY, WORLD, room)) == expected


@pytest.mark.requirement("A_26515-01")
@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize(
    "room",
    [
        ROOM,
        NEW_ROOM,
        replace(ROOM, is_federated=False),
        replace(PUBLIC_ROOM, is_federated=True),
        replace(NEW_PUBLIC_ROOM, join_rule="invite"),
    ],
)
def test_private_and_federated_rooms_of_professionals_are_not_open(rules: RuleSet, room: RoomFacts) -> None:
    expected = Deny("A_25481", Reason.HISTORY_FOR_EVERYBODY, Refusal(400, "M_INVALID_ROOM_STATE"))
    assert judge(STATE_RULES, rules, state(HISTORY_VISIBILITY, WORLD, room)) == expected


@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize("room", [PUBLIC_ROOM, NEW_PUBLIC_ROOM, replace(NEW_PUBLIC_ROOM, join_rule="public")])
def test_public_rooms_may_be(rules: RuleSet, room: RoomFacts) -> None:
    assert decide(state(HISTORY_VISIBILITY, WORLD, room), in_force(rules.state_history_visibility)) == Allow()


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("visibility", ["joined", "invited", "shared"])
def test_members_settings_are_free(rules: RuleSet, visibility: str) -> None:
    facts = state(HISTORY_VISIBILITY, {"history_visibility": visibility})
    assert decide(facts, in_force(rules.state_history_visibility)) == Allow()


@pytest.mark.parametrize("rules", ALL)
def test_what_nobody_knows_is_refused(rules: RuleSet) -> None:
    facts = state(HISTORY_VISIBILITY, {"history_visibility": "everyone"}, PUBLIC_ROOM)
    denied = Deny("A_25481", Reason.HISTORY_FOR_EVERYBODY)
    assert decide(facts, in_force(rules.state_history_visibility)) == denied


@pytest.mark.requirement("A_25481")
@pytest.mark.parametrize("rules", ALL)
def test_a_private_room_starts_with_invited(rules: RuleSet) -> None:
    assert value_in(create({}, rules).plan.events, HISTORY_VISIBILITY, "history_visibility") == "invited"


@pytest.mark.parametrize("rules", PRO)
def test_a_public_room_starts_with_shared_or_what_its_creator_says(rules: RuleSet) -> None:
    body = {"preset": "public_chat"}
    assert value_in(create(body, rules).plan.events, HISTORY_VISIBILITY, "history_visibility") == "shared"
    facts = create(body | {"initial_state": [initial(HISTORY_VISIBILITY, WORLD)]}, rules)
    assert judge_create_room(facts, rules) == Allow()
    assert value_in(facts.plan.events, HISTORY_VISIBILITY, "history_visibility") == "world_readable"
