"""createRoom: no invites by e-mail address or telephone number."""

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL, create
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.rules.create_room_third_party import decide


@pytest.mark.requirement("A_25534")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("invite_3pid", [[{"medium": "email", "address": "a@b.de"}], [7], [None]])
def test_whoever_has_no_user_id_is_not_invited(rules: RuleSet, invite_3pid: list[object]) -> None:
    facts = create({"invite_3pid": invite_3pid}, rules)
    assert decide(facts, in_force(rules.create_room_third_party)) == Deny("A_25534", Reason.THIRD_PARTY_INVITE)


def test_nobody_is_nobody() -> None:
    assert decide(create({"invite_3pid": []}), in_force(ALL[0].create_room_third_party)) == Allow()
