"""State events have the shape of their type, whatever somebody sends."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.profiles import RULES, in_force
from tests.policy.rules.rooms import ALL, state
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.event_shape import SHAPED
from tim_policy.profile import RuleSet
from tim_policy.registry import STATE_RULES, judge
from tim_policy.rules.state_shape import decide

MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("m.room.join_rules", {}),
    ("m.room.join_rules", {"join_rule": None}),
    ("m.room.join_rules", {"join_rule": ["public"]}),
    ("m.room.join_rules", {"join_rule": "restricted", "allow": {}}),
    ("m.room.join_rules", {"join_rule": "restricted", "allow": ["!a:b"]}),
    ("m.room.history_visibility", {"history_visibility": 7}),
    ("m.room.guest_access", {}),
    ("m.room.name", {"name": None}),
    ("m.room.topic", {"topic": {}}),
    ("m.room.avatar", {"url": 7}),
    ("m.room.canonical_alias", {"alias": []}),
    ("m.room.canonical_alias", {"alt_aliases": "#a:b"}),
    ("m.room.canonical_alias", {"alt_aliases": [None]}),
    ("m.room.server_acl", {"allow": "*"}),
    ("m.room.server_acl", {"allow": ["*"], "deny": [1]}),
    ("m.room.server_acl", {"allow": ["*"], "allow_ip_literals": "false"}),
    ("m.room.power_levels", {"users": []}),
    ("m.room.power_levels", {"users": {"@a:b": "100"}}),
    ("m.room.power_levels", {"users": {"@a:b": True}}),
    ("m.room.power_levels", {"ban": None}),
    ("m.room.power_levels", {"state_default": 1.0}),
    ("m.room.tombstone", {}),
    ("m.room.pinned_events", {"pinned": "x"}),
    ("m.room.retention", {"max_lifetime": "1d"}),
    ("org.example", {"m.mentions": []}),
    ("org.example", {"m.mentions": {"user_ids": "@a:b"}}),
    ("org.example", {"m.mentions": {"room": 1}}),
]
CONTENTS = st.dictionaries(
    st.sampled_from(
        ["join_rule", "history_visibility", "guest_access", "users", "events", "allow", "deny", "algorithm"]
    )
    | st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["public", "invite"]),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
)


@pytest.mark.requirement("A_25641-01")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize(("event_type", "content"), MALFORMED)
def test_malformed_content_is_refused(rules: RuleSet, event_type: str, content: dict[str, Any]) -> None:
    decision = decide(state(event_type, content), in_force(rules.state_shape))
    assert decision == Deny("A_25641-01", Reason.UNREADABLE_REQUEST)


@pytest.mark.requirement("A_26338-02")
@pytest.mark.parametrize(
    ("event_type", "content"),
    [
        ("de.gematik.tim.room.name", {"name": "x"}),
        ("de.gematik.tim.room.topic", {"topic": {"any": ["thing"]}}),
        ("de.gematik.tim.room.default.v1", {}),
        ("m.room.name", {"name": ""}),
        ("m.room.avatar", {}),
        ("m.room.canonical_alias", {}),
        ("m.room.server_acl", {"allow": ["*"], "deny": ["evil.test"], "allow_ip_literals": False}),
        ("m.room.power_levels", {"users": {"@a:b": 100}, "events": {"x": -1}, "org.example": "kept"}),
        ("m.room.encryption", {}),
    ],
)
def test_the_rest_passes(event_type: str, content: dict[str, Any]) -> None:
    assert decide(state(event_type, content), in_force(RULES.state_shape)) == Allow()


@given(st.sampled_from([*SHAPED, "m.room.encryption", "org.example"]), CONTENTS)
def test_no_content_makes_a_rule_fail(event_type: str, content: dict[str, Any]) -> None:
    for rules in ALL:
        assert isinstance(judge(STATE_RULES, rules, state(event_type, content)), Allow | Deny)
