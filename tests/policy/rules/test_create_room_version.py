"""createRoom: room versions 9 and 10, and 10 when nobody says otherwise."""

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, create
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.profile import RuleSet
from tim_policy.registry import CREATE_ROOM_RULES, judge
from tim_policy.rules.create_room_version import decide


@pytest.mark.requirement("A_26202")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("version", ["1", "6", "8", "11", "12", "13", "", "10 ", "org.matrix.msc1", "９"])
def test_other_versions_are_refused(rules: RuleSet, version: str) -> None:
    facts = create({"room_version": version}, rules)
    assert decide(facts, in_force(rules.create_room_version)) == Deny("A_26202", Reason.ROOM_VERSION)
    refusal = Refusal(400, "M_UNSUPPORTED_ROOM_VERSION")
    assert judge(CREATE_ROOM_RULES, rules, facts) == Deny("A_26202", Reason.ROOM_VERSION, refusal)


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("body", [{}, {"room_version": "9"}, {"room_version": "10"}])
def test_nine_and_ten_pass(rules: RuleSet, body: dict[str, str]) -> None:
    facts = create(body, rules)
    assert decide(facts, in_force(rules.create_room_version)) == Allow()
    assert facts.plan.body["room_version"] == body.get("room_version", "10")
