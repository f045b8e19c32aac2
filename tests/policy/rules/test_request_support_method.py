"""The operator's contacts are only read."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_support_method import decide

PARAMETERS = in_force(PROFILES[ProfileName.PRO_1_2].rules.request_support_method)
REFUSED = Deny("A_26265", Reason.METHOD_NOT_ALLOWED)


@pytest.mark.requirement("A_26265")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (request(Endpoint.SUPPORT, "DELETE"), True),
        (request(Endpoint.SUPPORT, "PUT"), True),
        (request(Endpoint.SUPPORT, "BREW"), True),
        (request(Endpoint.SUPPORT), False),
    ],
)
def test_the_rule(facts: RequestFacts, is_refused: bool) -> None:
    assert decide(facts, PARAMETERS) == (REFUSED if is_refused else Allow())


@pytest.mark.parametrize("endpoint", others(Endpoint.SUPPORT))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert decide(request(endpoint, method), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.SUPPORT, "DELETE"))
    refused = Deny("A_26265", Reason.METHOD_NOT_ALLOWED, Refusal(405, "M_UNRECOGNIZED"))
    assert decision == refused
