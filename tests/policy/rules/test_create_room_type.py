"""createRoom: the TI-M room type is set, and the one that is only received is refused in 1.2."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.rooms import ALL, create
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.profile import ProfileName, RuleSet
from tim_policy.registry import CREATE_ROOM_RULES, judge
from tim_policy.rules.create_room_type import decide

V1, V2 = "de.gematik.tim.roomtype.default.v1", "de.gematik.tim.roomtype.default.v2"


@pytest.mark.requirement("A_28596")
@pytest.mark.parametrize("name", ProfileName)
def test_rooms_of_type_v2_are_not_created_in_1_2(name: ProfileName) -> None:
    rules = PROFILES[name].rules
    expected = Deny("A_28596", Reason.ROOM_TYPE, Refusal(400, "M_BAD_JSON")) if name.endswith("1.2") else Allow()
    assert judge(CREATE_ROOM_RULES, rules, create({"creation_content": {"type": V2}}, rules)) == expected


@pytest.mark.requirement("A_25814-01")
@pytest.mark.requirement("A_25426")
@pytest.mark.parametrize("rules", ALL)
def test_a_room_without_type_gets_the_standard_one(rules: RuleSet) -> None:
    assert create({"creation_content": {"org.example": 1}}, rules).plan.body["creation_content"] == {
        "type": V1,
        "org.example": 1,
    }


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("room_type", [V1, "de.gematik.tim.roomtype.casereference.v1", "m.space", ""])
def test_other_types_are_the_clients_business(rules: RuleSet, room_type: str) -> None:
    facts = create({"creation_content": {"type": room_type}}, rules)
    assert decide(facts, in_force(rules.create_room_type)) == Allow()
    assert facts.plan.creation_content["type"] == room_type
