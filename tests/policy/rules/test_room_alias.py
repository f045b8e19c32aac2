"""Rooms of insured persons have no address."""

from typing import Any

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import EPA, PRO, create
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.room_access import AliasFacts
from tim_policy.room_creation import judge_create_room
from tim_policy.rules.room_alias import decide

BODY: dict[str, Any] = {"room_alias_name": "frau-muster"}


@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("rules", EPA)
def test_insured_persons_give_none(rules: RuleSet) -> None:
    expected = Deny("A_26015-02", Reason.ROOM_ALIAS)
    assert decide(AliasFacts("x"), in_force(rules.room_alias)) == expected
    assert decide(AliasFacts(None), in_force(rules.room_alias)) == Allow()
    assert judge_create_room(create(BODY, rules), rules) == expected
    assert judge_create_room(create({}, rules), rules) == Allow()


@pytest.mark.parametrize("rules", PRO)
def test_professionals_may(rules: RuleSet) -> None:
    assert rules.room_alias is None
    assert judge_create_room(create(BODY, rules), rules) == Allow()
