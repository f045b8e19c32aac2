"""The own server and listed servers pass; everybody else does not."""

import pytest

from tests.policy.rules.facts import EMPTY, LISTED, OWN
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.federation_list import FederationList
from tim_policy.gate import ServerFacts
from tim_policy.names import parse_server_name
from tim_policy.rules.server_federation import decide

NO_LIST = Deny("A_25534", Reason.NO_VERIFIED_LIST)
NOT_LISTED = Deny("A_25534", Reason.SERVER_NOT_LISTED)


@pytest.mark.requirement("A_25534")
@pytest.mark.parametrize(
    ("server_name", "federation_list", "decision"),
    [
        ("praxis.tim.test", None, Allow()),
        ("praxis.tim.test", EMPTY, Allow()),
        ("pflege.tim.test", LISTED, Allow()),
        ("kasse.tim.test", LISTED, Allow()),
        ("pflege.tim.test", None, NO_LIST),
        ("pflege.tim.test", EMPTY, NOT_LISTED),
        ("fremd.test", LISTED, NOT_LISTED),
        ("pflege.tim.test:8448", LISTED, NOT_LISTED),
        ("sub.pflege.tim.test", LISTED, NOT_LISTED),
        ("tim.test", LISTED, NOT_LISTED),
    ],
)
def test_only_the_own_and_listed_servers_pass(
    server_name: str, federation_list: FederationList | None, decision: Decision
) -> None:
    facts = ServerFacts(parse_server_name(server_name), OWN, federation_list, None, is_residency_enforced=False)
    assert decide(facts) == decision
