"""No event is part of a thread."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.profiles import PROFILES, RULES, in_force
from tests.policy.rules.test_event_reaction import JSON
from tim_policy.decision import Allow, Decision, Deny, Reason, Refusal
from tim_policy.event import EventFacts
from tim_policy.profile import ProfileName
from tim_policy.registry import EVENT_RULES, judge
from tim_policy.rules.event_thread import decide

PARAMETERS = in_force(RULES.event_thread)
UNREADABLE = Deny("A_25395-02", Reason.UNREADABLE_REQUEST)
THREAD = Deny("A_25395-02", Reason.THREAD)


def judged(content: Any, event_type: str = "m.room.message") -> Decision:
    return decide(EventFacts(event_type, content), PARAMETERS)


@pytest.mark.requirement("A_25395-02")
@pytest.mark.parametrize("event_type", ["m.room.message", "m.room.encrypted", "m.sticker", "de.gematik.fhir", "m.x"])
@pytest.mark.parametrize("rel_type", ["m.thread", "io.element.thread"])
def test_a_thread_is_refused_in_any_event(event_type: str, rel_type: str) -> None:
    relation = {"rel_type": rel_type, "event_id": "$a", "is_falling_back": True, "m.in_reply_to": {"event_id": "$b"}}
    assert judged({"body": "x", "m.relates_to": relation}, event_type) == THREAD


@pytest.mark.parametrize(
    "relation",
    [
        pytest.param({"m.in_reply_to": {"event_id": "$a"}}, id="reply"),
        pytest.param({"rel_type": "m.replace", "event_id": "$a"}, id="edit"),
        pytest.param({"rel_type": "m.reference", "event_id": "$a"}, id="reference"),
        pytest.param({"rel_type": "m.annotation", "event_id": "$a"}, id="annotation"),
        pytest.param({"rel_type": "de.example.thread", "event_id": "$a"}, id="somebody's own"),
        pytest.param({}, id="empty"),
    ],
)
def test_other_relations_pass(relation: Any) -> None:
    assert judged({"m.relates_to": relation}) == Allow()


def test_an_event_without_relation_passes() -> None:
    assert judged({}) == Allow()
    assert judged({"body": "m.thread"}) == Allow()


@pytest.mark.parametrize("relation", [None, "m.thread", ["m.thread"], 7, True, {"rel_type": ["m.thread"]}])
def test_a_relation_that_cannot_be_read_is_refused(relation: Any) -> None:
    assert judged({"m.relates_to": relation}) == UNREADABLE


@pytest.mark.parametrize("name", ProfileName)
def test_every_profile_refuses_with_400_forbidden(name: ProfileName) -> None:
    facts = EventFacts("m.room.encrypted", {"m.relates_to": {"rel_type": "m.thread"}})
    expected = Deny("A_25395-02", Reason.THREAD, Refusal(400, "M_FORBIDDEN"))
    assert judge(EVENT_RULES, PROFILES[name].rules, facts) == expected


@given(st.dictionaries(st.text(), JSON) | JSON.map(lambda value: {"m.relates_to": value}))
def test_any_json_gets_an_answer(content: dict[str, Any]) -> None:
    decision = judged(content)
    relation = content.get("m.relates_to", {})
    is_readable = isinstance(relation, dict) and isinstance(relation.get("rel_type", ""), str)
    assert (decision == UNREADABLE) is not is_readable
