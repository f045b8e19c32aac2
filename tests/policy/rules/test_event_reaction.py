"""A reaction is exactly one emoji."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.profiles import PROFILES, RULES, in_force
from tim_policy.decision import Allow, Decision, Deny, Reason, Refusal
from tim_policy.event import EventFacts
from tim_policy.profile import ProfileName
from tim_policy.registry import EVENT_RULES, judge
from tim_policy.rules.event_reaction import decide

PARAMETERS = in_force(RULES.event_reaction)
UNREADABLE = Deny("A_26228-01", Reason.UNREADABLE_REQUEST)
NO_EMOJI = Deny("A_26228-01", Reason.NOT_ONE_EMOJI)
ANNOTATION = {"rel_type": "m.annotation", "event_id": "$a", "key": "👍"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def judged(content: Any, *, is_one_emoji: bool = True, event_type: str = "m.reaction") -> Decision:
    return decide(EventFacts(event_type, content, is_one_emoji=is_one_emoji), PARAMETERS)


@pytest.mark.requirement("A_26228-01")
def test_one_emoji_is_a_reaction_and_nothing_else_is() -> None:
    assert judged({"m.relates_to": ANNOTATION}) == Allow()
    assert judged({"m.relates_to": ANNOTATION}, is_one_emoji=False) == NO_EMOJI


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({}, id="no relation"),
        pytest.param({"m.relates_to": None}, id="null"),
        pytest.param({"m.relates_to": []}, id="list"),
        pytest.param({"m.relates_to": "👍"}, id="text"),
        pytest.param({"m.relates_to": {}}, id="empty"),
        pytest.param({"m.relates_to": ANNOTATION | {"rel_type": "m.reference"}}, id="another relation"),
        pytest.param({"m.relates_to": ANNOTATION | {"rel_type": ["m.annotation"]}}, id="relation in a list"),
        pytest.param({"m.relates_to": ANNOTATION | {"rel_type": "M.ANNOTATION"}}, id="capitals"),
        pytest.param({"m.relates_to": ANNOTATION | {"event_id": None}}, id="to nothing"),
        pytest.param({"m.relates_to": ANNOTATION | {"event_id": 7}}, id="to a number"),
        pytest.param({"m.relates_to": ANNOTATION | {"key": None}}, id="key null"),
        pytest.param({"m.relates_to": ANNOTATION | {"key": ["👍"]}}, id="key in a list"),
        pytest.param({"m.relates_to": ANNOTATION | {"key": {"👍": 1}}}, id="key in an object"),
        pytest.param({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$a"}}, id="no key"),
        pytest.param({"m.Relates_to": ANNOTATION}, id="misspelt"),
    ],
)
def test_a_malformed_reaction_is_unreadable(content: Any) -> None:
    assert judged(content) == UNREADABLE


def test_other_events_are_not_asked() -> None:
    assert judged({"m.relates_to": 7}, event_type="m.room.message", is_one_emoji=False) == Allow()
    assert judged({}, event_type="m.reaction ", is_one_emoji=False) == Allow()


@pytest.mark.parametrize("name", ProfileName)
def test_every_profile_refuses_with_400(name: ProfileName) -> None:
    facts = EventFacts("m.reaction", {"m.relates_to": ANNOTATION | {"key": "ok"}})
    decision = judge(EVENT_RULES, PROFILES[name].rules, facts)
    assert decision == Deny("A_26228-01", Reason.NOT_ONE_EMOJI, Refusal(400, "M_BAD_JSON"))


@given(st.dictionaries(st.text(), JSON) | JSON.map(lambda value: {"m.relates_to": value}))
def test_any_json_gets_an_answer(content: dict[str, Any]) -> None:
    assert isinstance(judged(content), Deny)  # nobody writes a whole relation by chance
