"""Insured persons query no room directory."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.rules.request_room_directory import decide

PARAMETERS = in_force(PROFILES[ProfileName.EPA_1_2].rules.request_room_directory)


@pytest.mark.requirement("A_28587")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("facts", [{}, {"is_logged_in": True, "is_by_admin": True}, {"is_signed": True}])
def test_nobody_gets_it(method: str, facts: dict[str, bool]) -> None:
    assert decide(request(Endpoint.ROOM_DIRECTORY, method, **facts), PARAMETERS) == Deny("A_28587", Reason.NOT_OFFERED)


@pytest.mark.parametrize("endpoint", others(Endpoint.ROOM_DIRECTORY))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    assert decide(request(endpoint), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.ROOM_DIRECTORY, is_logged_in=True))
    refused = Deny("A_28587", Reason.NOT_OFFERED, Refusal(403, "M_FORBIDDEN"))
    assert decision == (refused if name.startswith("epa") else Allow())
