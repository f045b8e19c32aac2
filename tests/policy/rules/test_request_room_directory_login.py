"""The room directory is for people of this homeserver."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_room_directory_login import decide

PARAMETERS = in_force(PROFILES[ProfileName.PRO_1_2].rules.request_room_directory_login)
REFUSED = Deny("A_26518", Reason.LOGIN_REQUIRED)


@pytest.mark.requirement("A_26518")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (request(Endpoint.ROOM_DIRECTORY), True),
        (request(Endpoint.ROOM_DIRECTORY, "POST"), True),
        (request(Endpoint.ROOM_VISIBILITY), True),
        (request(Endpoint.ROOM_VISIBILITY, "PUT"), True),
        (request(Endpoint.ROOM_DIRECTORY, is_signed=True), True),
        (request(Endpoint.ROOM_DIRECTORY, is_logged_in=True), False),
        (request(Endpoint.ROOM_VISIBILITY, is_logged_in=True), False),
    ],
)
def test_the_rule(facts: RequestFacts, is_refused: bool) -> None:
    assert decide(facts, PARAMETERS) == (REFUSED if is_refused else Allow())


@pytest.mark.parametrize("endpoint", others(Endpoint.ROOM_DIRECTORY, Endpoint.ROOM_VISIBILITY))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert decide(request(endpoint, method), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.ROOM_VISIBILITY))
    refused = Deny("A_26518", Reason.LOGIN_REQUIRED, Refusal(401, "M_MISSING_TOKEN"))
    assert decision == refused
