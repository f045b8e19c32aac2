"""A presence status is short."""

from typing import Any

import pytest

from tests.policy.profiles import PROFILES, RULES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.rules.request_presence_status import decide

PARAMETERS = in_force(RULES.request_presence_status)
LONG = Deny("REF_PRESENCE_STATUS", Reason.STATUS_TOO_LONG)
UNREADABLE = Deny("REF_PRESENCE_STATUS", Reason.UNREADABLE_REQUEST)


@pytest.mark.requirement("REF_PRESENCE_STATUS")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"presence": "online"}, Allow(), id="none"),
        pytest.param({"status_msg": ""}, Allow(), id="empty"),
        pytest.param({"status_msg": "ä" * 250}, Allow(), id="250 characters, not bytes"),
        pytest.param({"status_msg": "👩🏽‍⚕️" * 50}, Allow(), id="code points"),
        pytest.param({"status_msg": "ä" * 251}, LONG, id="251"),
        pytest.param({"status_msg": "x" * 1_000_000}, LONG, id="huge"),
        pytest.param({"status_msg": None}, UNREADABLE, id="null"),
        pytest.param({"status_msg": 7}, UNREADABLE, id="number"),
        pytest.param({"status_msg": ["x"]}, UNREADABLE, id="list"),
        pytest.param(None, Allow(), id="no JSON: Synapse says so"),
    ],
)
def test_the_rule(body: dict[str, Any] | None, expected: Any) -> None:
    assert decide(request(Endpoint.PRESENCE, "PUT", body=body), PARAMETERS) == expected


def test_an_operator_may_want_it_shorter() -> None:
    short = PARAMETERS.model_copy(update={"max_characters": 1})
    assert decide(request(Endpoint.PRESENCE, "PUT", body={"status_msg": "xy"}), short) == LONG


@pytest.mark.parametrize("endpoint", others(Endpoint.PRESENCE))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    assert decide(request(endpoint, "PUT", body={"status_msg": 7}), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    facts = request(Endpoint.PRESENCE, "PUT", body={"status_msg": "x" * 251})
    refused = Deny("REF_PRESENCE_STATUS", Reason.STATUS_TOO_LONG, Refusal(403, "M_TOO_LARGE"))
    assert judge(REQUEST_RULES, PROFILES[name].rules, facts) == refused
