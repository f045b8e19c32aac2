"""Other homeservers see insured persons they share a room with."""

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_federation_profile import decide

PARAMETERS = in_force(PROFILES[ProfileName.EPA_1_2].rules.request_federation_profile)
REFUSED = Deny("A_26374", Reason.NO_SHARED_ROOM)


@pytest.mark.requirement("A_26374")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (request(Endpoint.FEDERATION_PROFILE, is_signed=True), True),
        (request(Endpoint.FEDERATION_PROFILE, is_signed=True, shares_room=True), False),
        pytest.param(request(Endpoint.FEDERATION_PROFILE), False, id="Synapse refuses what is not signed"),
    ],
)
def test_the_rule(facts: RequestFacts, is_refused: bool) -> None:
    assert decide(facts, PARAMETERS) == (REFUSED if is_refused else Allow())


@pytest.mark.parametrize("endpoint", others(Endpoint.FEDERATION_PROFILE))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert decide(request(endpoint, method), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.FEDERATION_PROFILE, is_signed=True))
    refused = Deny("A_26374", Reason.NO_SHARED_ROOM, Refusal(403, "M_FORBIDDEN"))
    assert decision == (refused if name.startswith("epa") else Allow())
