"""Insured persons and others find each other when they share a room."""

from itertools import product

import pytest

from tests.policy.profiles import PROFILES, in_force
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.profile import ProfileName
from tim_policy.rules.directory_shared_room import decide
from tim_policy.user_directory import DirectoryHit


@pytest.mark.requirement("A_26375")
@pytest.mark.requirement("A_26374")
@pytest.mark.parametrize("name", ProfileName)
@pytest.mark.parametrize(("searcher", "found", "shares"), list(product((True, False), repeat=3)))
def test_the_rule(name: ProfileName, searcher: bool, found: bool, shares: bool) -> None:
    decision = decide(DirectoryHit(searcher, found, shares), in_force(PROFILES[name].rules.directory_shared_room))
    is_shown = shares or not (searcher or found)
    assert decision == (Allow() if is_shown else Deny("A_26375", Reason.NO_SHARED_ROOM))
