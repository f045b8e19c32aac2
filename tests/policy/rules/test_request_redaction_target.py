"""A redaction says what it redacts."""

from typing import Any

import pytest

from tests.policy.profiles import PROFILES, RULES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.rules.request_redaction_target import decide

PARAMETERS = in_force(RULES.request_redaction_target)
UNREADABLE = Deny("A_25641-01", Reason.UNREADABLE_REQUEST)


@pytest.mark.parametrize(
    ("body", "is_refused"),
    [
        ({"redacts": "$a"}, False),
        ({}, True),
        ({"redacts": None}, True),
        ({"redacts": 7}, True),
        ({"redacts": ["$a"]}, True),
        pytest.param(None, False, id="no JSON: Synapse says so"),
    ],
)
def test_the_rule(body: dict[str, Any] | None, is_refused: bool) -> None:
    facts = request(Endpoint.REDACTION_EVENT, "PUT", body=body)
    assert decide(facts, PARAMETERS) == (UNREADABLE if is_refused else Allow())
    assert decide(request(Endpoint.REDACTION_EVENT, "GET", body=body), PARAMETERS) == Allow()


@pytest.mark.parametrize("endpoint", others(Endpoint.REDACTION_EVENT))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    assert decide(request(endpoint, "PUT", body={}), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_it_is_in_force_everywhere(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, request(Endpoint.REDACTION_EVENT, "PUT", body={}))
    assert isinstance(decision, Deny)
