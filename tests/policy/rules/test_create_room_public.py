"""createRoom: public rooms for professionals, none for insured persons."""

from typing import Any

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import EPA, PRO, create, initial
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.profile import RuleSet
from tim_policy.registry import CREATE_ROOM_RULES, judge
from tim_policy.rules.create_room_public import decide

JOIN = initial("m.room.join_rules", {"join_rule": "public"})
PUBLIC = [
    {"visibility": "public"},
    {"preset": "public_chat"},
    {"preset": "public_chat", "visibility": "private"},
    {"initial_state": [JOIN]},
    {"visibility": "private", "initial_state": [JOIN]},
    {"visibility": "public", "preset": "public_chat", "initial_state": [JOIN], "room_alias_name": "x"},
]


@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("rules", EPA)
@pytest.mark.parametrize("body", PUBLIC)
def test_insured_persons_create_none(rules: RuleSet, body: dict[str, Any]) -> None:
    facts = create(body, rules)
    assert decide(facts, in_force(rules.create_room_public)) == Deny("A_26015-02", Reason.PUBLIC_ROOM)
    refusal = Refusal(403, "M_FORBIDDEN")
    assert judge(CREATE_ROOM_RULES, rules, facts) == Deny("A_26015-02", Reason.PUBLIC_ROOM, refusal)


@pytest.mark.requirement("A_25325-01")
@pytest.mark.requirement("A_26515-01")
@pytest.mark.parametrize("rules", PRO)
@pytest.mark.parametrize("body", PUBLIC)
def test_professionals_do_and_the_room_stays_on_its_server(rules: RuleSet, body: dict[str, Any]) -> None:
    facts = create(body | {"creation_content": {"m.federate": True}}, rules)
    assert rules.create_room_public is None
    assert judge(CREATE_ROOM_RULES, rules, facts) == Allow()
    planned = facts.plan.body
    assert planned["creation_content"]["m.federate"] is False
    assert (planned["visibility"], planned["preset"]) == ("public", "public_chat")


@pytest.mark.parametrize("rules", EPA)
@pytest.mark.parametrize("body", [{}, {"preset": "private_chat"}, {"visibility": "private"}])
def test_private_rooms_are_for_everybody(rules: RuleSet, body: dict[str, Any]) -> None:
    assert decide(create(body, rules), in_force(rules.create_room_public)) == Allow()
