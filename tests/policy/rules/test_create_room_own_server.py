"""createRoom: rooms that stay on their server invite nobody from elsewhere."""

from typing import Any

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, COLLEAGUE, NURSE, PRO, create
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.rules.create_room_own_server import decide

STAYS: list[dict[str, Any]] = [{"creation_content": {"m.federate": False}}]
PUBLIC: list[dict[str, Any]] = [{"preset": "public_chat", "creation_content": {"m.federate": True}}]


@pytest.mark.requirement("A_26515-01")
@pytest.mark.parametrize(("rules", "body"), [(rules, body) for rules in PRO for body in STAYS + PUBLIC])
def test_people_from_elsewhere_are_not_invited(rules: RuleSet, body: dict[str, Any]) -> None:
    facts = create(body | {"invite": [NURSE]}, rules)
    expected = Deny("A_26515-01", Reason.ROOM_STAYS_ON_ITS_SERVER)
    assert decide(facts, in_force(rules.create_room_own_server)) == expected


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("body", [{"invite": [NURSE]}, *(body | {"invite": [COLLEAGUE]} for body in STAYS), *STAYS, {}])
def test_others_pass(rules: RuleSet, body: dict[str, Any]) -> None:
    assert decide(create(body, rules), in_force(rules.create_room_own_server)) == Allow()
