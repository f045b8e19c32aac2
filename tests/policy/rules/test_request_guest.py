"""There are no guests."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_guest import decide

PARAMETERS = in_force(PROFILES[ProfileName.PRO_1_2].rules.request_guest)
REFUSED = Deny("REF_GUEST", Reason.NOT_OFFERED)


@pytest.mark.requirement("REF_GUEST")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (request(Endpoint.REGISTER, "POST", is_guest=True), True),
        (request(Endpoint.REGISTER, is_guest=True), True),
        (request(Endpoint.REGISTER, "POST"), False),
    ],
)
def test_the_rule(facts: RequestFacts, is_refused: bool) -> None:
    assert decide(facts, PARAMETERS) == (REFUSED if is_refused else Allow())


@pytest.mark.parametrize("endpoint", others(Endpoint.REGISTER))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert decide(request(endpoint, method), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.REGISTER, "POST", is_guest=True))
    refused = Deny("REF_GUEST", Reason.NOT_OFFERED, Refusal(403, "M_FORBIDDEN"))
    assert decision == refused
