"""createRoom: private rooms are encrypted, also when the client says nothing."""

from typing import Any

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, CREATOR, MEGOLM, PRO, create, initial
from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.names import parse_user_id
from tim_policy.profile import RuleSet
from tim_policy.room_creation import judge_create_room, judge_upgrade, read_upgrade
from tim_policy.room_state import ENCRYPTION, StateEvent, content_in
from tim_policy.rules.create_room_encryption import decide

ENCRYPTED = StateEvent(ENCRYPTION, "", MEGOLM)


def upgrade(rules: RuleSet, *state: StateEvent) -> CreateRoomFacts:
    facts = read_upgrade("10", {}, state, parse_user_id(CREATOR), rules)
    assert not isinstance(facts, Deny)
    return facts


@pytest.mark.requirement("A_25323-01")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize(
    "body", [{}, {"preset": "trusted_private_chat"}, {"initial_state": [initial(ENCRYPTION, MEGOLM)]}]
)
def test_a_private_room_is_encrypted(rules: RuleSet, body: dict[str, Any]) -> None:
    facts = create(body, rules)
    assert decide(facts, in_force(rules.create_room_encryption)) == Allow()
    assert content_in(facts.plan.events, ENCRYPTION) == MEGOLM


@pytest.mark.requirement("A_25324-01")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("content", [{}, {"algorithm": None}, {"algorithm": "none"}, {"algorithm": ["m.megolm"]}])
def test_whoever_asks_for_no_encryption_gets_no_room(rules: RuleSet, content: dict[str, Any]) -> None:
    decision = judge_create_room(create({"initial_state": [initial(ENCRYPTION, content)]}, rules), rules)
    assert decision == Deny("A_25324-01", Reason.NOT_ENCRYPTED)


@pytest.mark.parametrize("rules", PRO)
def test_a_public_room_is_not_encrypted(rules: RuleSet) -> None:
    facts = create({"preset": "public_chat"}, rules)
    assert decide(facts, in_force(rules.create_room_encryption)) == Allow()
    assert content_in(facts.plan.events, ENCRYPTION) is None


@pytest.mark.requirement("A_26203")
@pytest.mark.parametrize("rules", ALL)
def test_an_upgrade_leaves_no_private_room_unencrypted(rules: RuleSet) -> None:
    assert judge_upgrade(upgrade(rules), rules) == Deny("A_25324-01", Reason.NOT_ENCRYPTED)
    assert judge_upgrade(upgrade(rules, ENCRYPTED), rules) == Allow()
