"""Rooms of other homeservers are joined by invite."""

import pytest

from tests.policy.profiles import in_force
from tests.policy.rules.rooms import ALL
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import RuleSet
from tim_policy.room_access import JoinFacts
from tim_policy.rules.room_join import decide


@pytest.mark.requirement("A_26515-01")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("membership", [None, "leave", "ban", "knock", "None", ""])
def test_nobody_walks_into_somebody_elses_room(rules: RuleSet, membership: str | None) -> None:
    facts = JoinFacts(is_own_room=False, membership=membership)
    assert decide(facts, in_force(rules.room_join)) == Deny("A_26515-01", Reason.NOT_INVITED)


@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize(
    "facts",
    [JoinFacts(False, "invite"), JoinFacts(False, "join"), JoinFacts(True, None), JoinFacts(True, "leave")],
)
def test_who_is_invited_or_at_home_may(rules: RuleSet, facts: JoinFacts) -> None:
    assert decide(facts, in_force(rules.room_join)) == Allow()
