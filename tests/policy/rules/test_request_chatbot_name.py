"""A chatbot stays recognisable."""

from typing import Any

import pytest

from tests.policy.profiles import PROFILES, in_force
from tests.policy.rules.facts import others, request
from tim_policy.decision import Allow, Deny, Reason, Refusal
from tim_policy.endpoint import Endpoint
from tim_policy.profile import ProfileName
from tim_policy.registry import REQUEST_RULES, judge
from tim_policy.request import RequestFacts
from tim_policy.rules.request_chatbot_name import decide

PARAMETERS = in_force(PROFILES[ProfileName.PRO_1_2].rules.request_chatbot_name)
REFUSED = Deny("REF_CHATBOT_NAME", Reason.CHATBOT_SUFFIX)


def renamed(
    body: dict[str, Any] | None,
    method: str = "PUT",
    *,
    endpoint: Endpoint = Endpoint.ADMIN_USER,
    display_name: str | None = "Terminservice (Chatbot)",
) -> RequestFacts:
    return request(endpoint, method, body=body, display_name=display_name, is_logged_in=True, is_by_admin=True)


@pytest.mark.requirement("REF_CHATBOT_NAME")
@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        pytest.param(renamed({"displayname": "Termine (Chatbot)"}), False, id="another chatbot name"),
        pytest.param(renamed({"displayname": "Termine (Chatbot) "}), False, id="with a blank"),
        pytest.param(renamed({"displayname": "Dr. Weber"}), True, id="a person's name"),
        pytest.param(renamed({"displayname": "Termine (chatbot)"}), True, id="small letters"),
        pytest.param(renamed({"displayname": "(Chatbot) Termine"}), True, id="in front"),
        pytest.param(renamed({"displayname": ""}), True, id="empty"),
        pytest.param(renamed({"displayname": None}), True, id="null"),
        pytest.param(renamed({"displayname": ["x (Chatbot)"]}), True, id="list"),
        pytest.param(renamed({"admin": False}), False, id="something else changes"),
        pytest.param(renamed(None), False, id="no JSON: Synapse says so"),
        pytest.param(renamed({"displayname": "Dr. Weber"}, display_name="Anna"), False, id="no chatbot"),
        pytest.param(renamed({"displayname": "Dr. Weber"}, display_name=None), False, id="nobody"),
        pytest.param(renamed({"displayname": "Dr. Weber"}, endpoint=Endpoint.DISPLAY_NAME), True, id="client API"),
        pytest.param(renamed(None, "DELETE", endpoint=Endpoint.DISPLAY_NAME), True, id="taken away"),
        pytest.param(renamed(None, "GET"), False, id="read"),
    ],
)
def test_the_rule(facts: RequestFacts, is_refused: bool) -> None:
    assert decide(facts, PARAMETERS) == (REFUSED if is_refused else Allow())


@pytest.mark.parametrize("endpoint", others(Endpoint.DISPLAY_NAME, Endpoint.ADMIN_USER))
def test_other_endpoints_are_not_asked(endpoint: Endpoint) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert decide(request(endpoint, method), PARAMETERS) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_the_refusal_of_each_profile(name: ProfileName) -> None:
    decision = judge(REQUEST_RULES, PROFILES[name].rules, renamed({"displayname": "Dr. Weber"}))
    refused = Deny("REF_CHATBOT_NAME", Reason.CHATBOT_SUFFIX, Refusal(403, "M_FORBIDDEN"))
    assert decision == refused
