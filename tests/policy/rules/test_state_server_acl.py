"""A room's list of servers lets its own people in."""

from dataclasses import replace
from typing import Any

import pytest

from tests.policy.profiles import RULES, in_force
from tests.policy.rules.rooms import state
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.room_state import SERVER_ACL
from tim_policy.rules.state_server_acl import decide

PARAMETERS = in_force(RULES.state_server_acl)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"allow": []},
        {"allow": ["pflege.tim.test"]},
        {"allow": ["*"], "deny": ["*"]},
        {"allow": ["*"], "deny": ["PRAXIS.tim.*"]},
        {"allow": ["*"], "deny": ["praxis.tim.tes?"]},
        {"allow": ["[p]raxis.tim.test"]},
    ],
)
def test_a_list_that_locks_out_is_refused(content: dict[str, Any]) -> None:
    assert decide(state(SERVER_ACL, content), PARAMETERS) == Deny("A_25641-01", Reason.SERVER_ACL)


@pytest.mark.parametrize(
    "content",
    [
        {"allow": ["*"]},
        {"allow": ["praxis.tim.test", "pflege.tim.test"]},
        {"allow": ["*.tim.test"], "deny": ["evil.test"]},
        {"allow": ["*"], "deny": ["[p]raxis.tim.test"]},
    ],
)
@pytest.mark.parametrize("own_server", ["praxis.tim.test", "praxis.tim.test:8448"])
def test_others_pass(content: dict[str, Any], own_server: str) -> None:
    assert decide(replace(state(SERVER_ACL, content), own_server=own_server), PARAMETERS) == Allow()
