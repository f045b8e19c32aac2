"""Profiles need a login."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_profile_login import decide

PARAMETERS = in_force(PROFILES[ProfileName.PRO_1_2].rules.request_profile_login)
REFUSED = Deny("A_26289", Reason.LOGIN_REQUIRED)


@pytest.mark.requirement("A_26289")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (request(Endpoint.PROFILE), True),
        (request(Endpoint.DISPLAY_NAME), True),
        (request(Endpoint.DISPLAY_NAME, "PUT"), True),
        (request(Endpoint.PROFILE, is_signed=True, shares_room=True), True),
        (request(Endpoint.PROFILE, is_logged_in=True), False),
        (request(Endpoint.DISPLAY_NAME, is_logged_in=True), False),
    ],
)
def test_the_rule(facts: RequestFacts, is_refused: bool) -> None:
    assert decide(facts, PARAMETERS) == (REFUSED if is_refused else Allow())


@pytest.mark.parametrize("endpoint", others(Endpoint.PROFILE, Endpoint.DISPLAY_NAME))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert decide(request(endpoint, method), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.PROFILE))
    refused = Deny("A_26289", Reason.LOGIN_REQUIRED, Refusal(401, "M_MISSING_TOKEN"))
    assert decision == refused
