"""The version is told to the federation only."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_federation_version import decide

PARAMETERS = in_force(PROFILES[ProfileName.PRO_1_2].rules.request_federation_version)
REFUSED = Deny("A_26331", Reason.SIGNATURE_REQUIRED)


@pytest.mark.requirement("A_26331")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (request(Endpoint.FEDERATION_VERSION), True),
        (request(Endpoint.FEDERATION_VERSION, "POST"), True),
        (request(Endpoint.FEDERATION_VERSION, is_logged_in=True, is_by_admin=True), True),
        (request(Endpoint.FEDERATION_VERSION, is_signed=True), False),
    ],
)
def test_the_rule(facts: RequestFacts, is_refused: bool) -> None:
    assert decide(facts, PARAMETERS) == (REFUSED if is_refused else Allow())


@pytest.mark.parametrize("endpoint", others(Endpoint.FEDERATION_VERSION))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert decide(request(endpoint, method), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.FEDERATION_VERSION))
    refused = Deny("A_26331", Reason.SIGNATURE_REQUIRED, Refusal(401, "M_UNAUTHORIZED"))
    assert decision == refused
