"""Insured persons see the profiles of people they share a room with."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_profile_shared_room import decide

PARAMETERS = in_force(PROFILES[ProfileName.EPA_1_2].rules.request_profile_shared_room)
REFUSED = Deny("A_26290", Reason.NO_SHARED_ROOM)


@pytest.mark.requirement("A_26290")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (request(Endpoint.PROFILE, is_logged_in=True), True),
        (request(Endpoint.DISPLAY_NAME, is_logged_in=True), True),
        pytest.param(request(Endpoint.PROFILE, is_logged_in=True, is_by_admin=True), True, id="an admin too"),
        (request(Endpoint.PROFILE, is_logged_in=True, shares_room=True), False),
        (request(Endpoint.PROFILE, is_logged_in=True, is_about_oneself=True), False),
        pytest.param(request(Endpoint.PROFILE, "PUT", is_logged_in=True), False, id="who may write, Synapse says"),
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
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.PROFILE, is_logged_in=True))
    refused = Deny("A_26290", Reason.NO_SHARED_ROOM, Refusal(403, "M_FORBIDDEN"))
    assert decision == (refused if name.startswith("epa") else Allow())
