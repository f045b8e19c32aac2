"""People do not rename themselves."""

from typing import Any

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_display_name import decide

PARAMETERS = in_force(PROFILES[ProfileName.PRO_1_2].rules.request_display_name)
REFUSED = Deny("REF_DISPLAY_NAME", Reason.NAME_IS_FIXED)


def named(method: str, body: dict[str, Any] | None, display_name: str | None = "Anna", **facts: bool) -> RequestFacts:
    return request(
        Endpoint.DISPLAY_NAME,
        method,
        body=body,
        display_name=display_name,
        is_logged_in=True,
        shares_room=True,
        **facts,
    )


@pytest.mark.requirement("REF_DISPLAY_NAME")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        pytest.param(named("PUT", {"displayname": "Dr. Wichtig"}), True, id="another name"),
        pytest.param(named("PUT", {"displayname": "Anna"}), True, id="the same name"),
        pytest.param(named("PUT", {"displayname": "anna"}), True, id="in small letters"),
        pytest.param(named("PUT", {"displayname": None}), True, id="no name"),
        pytest.param(named("PUT", {}), True, id="nothing said"),
        pytest.param(named("PUT", None), True, id="no JSON"),
        pytest.param(named("PUT", {"displayname": "Anna"}, None), True, id="a first name"),
        pytest.param(named("PUT", {"displayname": None}, None), True, id="none at all"),
        pytest.param(named("DELETE", None), True, id="taken away"),
        pytest.param(named("POST", {"displayname": "Anna"}), True, id="another method"),
        pytest.param(named("GET", None), False, id="read"),
        pytest.param(named("PUT", {"displayname": "Dr. Wichtig"}, is_by_admin=True), False, id="an admin"),
        pytest.param(named("DELETE", None, is_by_admin=True), False, id="an admin takes it away"),
    ],
)
def test_the_rule(facts: RequestFacts, is_refused: bool) -> None:
    assert decide(facts, PARAMETERS) == (REFUSED if is_refused else Allow())


@pytest.mark.parametrize("endpoint", others(Endpoint.DISPLAY_NAME))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert decide(request(endpoint, method), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, named("DELETE", None))
    refused = Deny("REF_DISPLAY_NAME", Reason.NAME_IS_FIXED, Refusal(403, "M_FORBIDDEN"))
    assert decision == refused
