"""Any JSON is a request or a refusal; what is allowed is private and encrypted, or public and at home."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.profiles import RULES
from tests.policy.rules.rooms import ALL, COLLEAGUE, CREATOR, EPA, MEGOLM, NURSE, create, initial
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.names import parse_user_id
from tim_policy.profile import RuleSet
from tim_policy.room_creation import judge_create_room, read_create_room
from tim_policy.room_state import content_in, value_in

ME = parse_user_id(CREATOR)
UNREADABLE = Deny("A_25323-01", Reason.UNREADABLE_REQUEST)


def levels(value: Any) -> dict[str, Any]:
    return {"power_level_content_override": value}


def event(**keys: Any) -> dict[str, Any]:
    return {"initial_state": [{"type": "org.example", "content": {}} | keys]}


@pytest.mark.requirement("A_25534")
@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        7,
        {"invite": None},
        {"invite": COLLEAGUE},
        {"invite": {COLLEAGUE: {}}},
        {"invite": [7]},
        {"invite": [[COLLEAGUE]]},
        {"invite": [COLLEAGUE, "nonsense"]},
        {"invite": ["@a:PFLEGE.tim.test"]},
        {"invite_3pid": "a@b.de"},
        {"invite_3pid": None},
        {"room_version": 10},
        {"room_version": None},
        {"visibility": "Public"},
        {"visibility": None},
        {"preset": "private"},
        {"preset": ["public_chat"]},
        {"is_direct": "true"},
        {"is_direct": None},
        {"name": None},
        {"name": ["x"]},
        {"topic": {}},
        {"name": "a\0b"},
        {"name": "\ud800"},
        {"name": "x", "org.example": 1.5},
        {"org.example": 2**53},
        {"room_alias_name": None},
        {"room_alias_name": 7},
        {"room_alias_name": ""},
        {"room_alias_name": "a b"},
        {"room_alias_name": "a\u3000b"},
        {"room_alias_name": "a:praxis.tim.test"},
        {"room_alias_name": "a\x7f"},
        {"room_alias_name": "a" * 255},
        {"room_alias_name": "ü" * 120},
        {"creation_content": None},
        {"creation_content": []},
        {"creation_content": {"m.federate": "false"}},
        {"creation_content": {"m.federate": None}},
        {"creation_content": {"m.federate": 0}},
        {"creation_content": {"type": None}},
        {"creation_content": {"type": []}},
        {"creation_content": {"additional_creators": NURSE}},
        {"creation_content": {"additional_creators": ["x"]}},
        {"creation_content": {"predecessor": "!a:b"}},
        {"creation_content": {"predecessor": {}}},
        levels(None),
        levels([]),
        levels({"users": None}),
        levels({"users": {"nonsense": 100}}),
        levels({"users": {CREATOR: "100"}}),
        levels({"users": {CREATOR: True}}),
        levels({"events": []}),
        levels({"state_default": "50"}),
        {"initial_state": None},
        {"initial_state": {}},
        {"initial_state": [7]},
        {"initial_state": [{"content": {}}]},
        {"initial_state": [{"type": "org.example"}]},
        event(type=None),
        event(type=""),
        event(type="x" * 256),
        event(state_key=None),
        event(state_key="ü" * 128),
        event(state_key=NURSE),
        event(content=None),
        event(content=[]),
        event(content={"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": "x"}}),
        event(content={"m.mentions": 1}),
        event(type="m.room.create"),
        event(type="m.room.member", state_key=CREATOR, content={"membership": "join"}),
        event(type="m.room.member", state_key=NURSE, content={"membership": "invite"}),
        event(type="m.room.third_party_invite", state_key="x"),
        event(type="m.room.tombstone", content={"replacement_room": "!a:praxis.tim.test"}),
        event(type="m.room.aliases", state_key="praxis.tim.test", content={"aliases": 1}),
        event(type="m.call.invite"),
        event(type="m.room.join_rules", content={"join_rule": ["public"]}),
        event(type="m.room.power_levels", content={"users": {"nonsense": 100}}),
        event(type="m.room.message", content={"body": 1}),
        event(type="m.room.canonical_alias", content={"alias": "#other:praxis.tim.test"}),
        event(type="m.room.retention", content={"max_lifetime": "1d"}),
    ],
)
def test_what_cannot_be_read_makes_no_room(body: Any) -> None:
    assert read_create_room(body, ME, RULES) == UNREADABLE


def test_depth_has_a_limit() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = [deep]
    assert read_create_room({"org.example": deep}, ME, RULES) == UNREADABLE


ELEMENT_DIRECT = {
    "preset": "trusted_private_chat",
    "visibility": "private",
    "invite": [NURSE],
    "is_direct": True,
    "initial_state": [
        initial("m.room.guest_access", {"guest_access": "can_join"}),
        initial("m.room.encryption", MEGOLM),
    ],
}
ELEMENT_PRIVATE = {
    "preset": "private_chat",
    "visibility": "private",
    "name": "Team",
    "topic": "Wunden",
    "initial_state": [
        initial("m.room.guest_access", {"guest_access": "can_join"}),
        initial("m.room.history_visibility", {"history_visibility": "shared"}),
    ],
    "power_level_content_override": {"events": {"org.matrix.msc3401.call": 50, "org.matrix.msc3401.call.member": 0}},
    "creation_content": {},
}


@pytest.mark.requirement("A_25323-01")
@pytest.mark.parametrize("rules", ALL)
@pytest.mark.parametrize("body", [{}, ELEMENT_DIRECT, ELEMENT_PRIVATE])
def test_private_rooms_come_out_as_specified(rules: RuleSet, body: dict[str, Any]) -> None:
    facts = create(body, rules)
    assert judge_create_room(facts, rules) == Allow()
    events = facts.plan.events
    assert value_in(events, "m.room.join_rules", "join_rule") == "invite"
    assert content_in(events, "m.room.encryption") == MEGOLM
    assert len({(item.type, item.state_key) for item in events}) == len(events)
    assert "visibility" not in facts.plan.body
    assert "preset" not in facts.plan.body


def test_what_the_client_sends_stays_in_its_place() -> None:
    tim = [
        initial("de.gematik.tim.room.name", {"name": "Team"}),
        initial("de.gematik.tim.room.topic", {"topic": "Wunden"}),
        initial("m.room.topic", {"topic": "Wunden"}),
        initial("de.gematik.tim.room.casereference.v1", {"resourceType": "Bundle"}, "x"),
        initial("m.room.history_visibility", {"history_visibility": "joined"}),
    ]
    planned = create({"name": "Team", "initial_state": [initial("m.room.name", {"name": "Team"}), *tim]}).plan.body
    assert planned["initial_state"][: len(tim)] == tim


def test_an_address_may_be_the_canonical_one() -> None:
    own = initial("m.room.canonical_alias", {"alias": "#team:praxis.tim.test", "alt_aliases": []})
    facts = create({"room_alias_name": "team", "preset": "public_chat", "initial_state": [own]})
    assert judge_create_room(facts, RULES) == Allow()


KEYS = [
    "invite",
    "invite_3pid",
    "initial_state",
    "creation_content",
    "power_level_content_override",
    "preset",
    "visibility",
    "room_version",
    "room_alias_name",
    "name",
    "topic",
    "is_direct",
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from([CREATOR, COLLEAGUE, NURSE, "public", "private", "public_chat", "private_chat", "9", "10", "x"])
)
ANY = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15)
TYPES = ["m.room.join_rules", "m.room.encryption", "m.room.history_visibility", "m.room.power_levels", "org.example"]
CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        "join_rule": st.sampled_from(["public", "invite", "knock"]),
        "algorithm": st.sampled_from(["m.megolm.v1.aes-sha2", "none"]),
        "history_visibility": st.sampled_from(["world_readable", "shared"]),
        "users": st.just({CREATOR: 100}),
        "state_default": st.sampled_from([0, 50]),
    },
)
EVENTS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(TYPES), "content": CONTENTS}, optional={"state_key": st.just("")})
)
PLAUSIBLE = st.fixed_dictionaries(
    {},
    optional={
        "invite": st.lists(st.sampled_from([COLLEAGUE, NURSE])),
        "initial_state": EVENTS,
        "creation_content": st.fixed_dictionaries({}, optional={"m.federate": st.booleans()}),
        "preset": st.sampled_from(["public_chat", "private_chat", "trusted_private_chat"]),
        "visibility": st.sampled_from(["public", "private"]),
        "room_version": st.sampled_from(["9", "10", "11"]),
        "power_level_content_override": CONTENTS,
        "name": st.just("x"),
    },
)


@given(ANY | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, ANY)), st.sampled_from(ALL))
def test_any_json_gets_an_answer(body: Any, rules: RuleSet) -> None:
    facts = read_create_room(body, ME, rules)
    assert isinstance(facts, Deny) or isinstance(judge_create_room(facts, rules), Allow | Deny)


@given(PLAUSIBLE, st.sampled_from(ALL))
def test_allow_means_private_and_encrypted_or_public_and_at_home(body: dict[str, Any], rules: RuleSet) -> None:
    facts = read_create_room(body, ME, rules)
    if isinstance(facts, Deny) or judge_create_room(facts, rules) != Allow():
        return
    plan = facts.plan
    encryption = content_in(plan.events, "m.room.encryption")
    assert plan.room_version in ("9", "10")
    assert len(facts.request.invitees) <= 1
    if value_in(plan.events, "m.room.join_rules", "join_rule") == "public":
        assert rules not in EPA
        assert not plan.room.is_federated
        assert encryption is None
        assert plan.body["visibility"] == "public"
        assert NURSE not in plan.body["invite"]
    else:
        assert encryption == MEGOLM
        assert "public" not in (body.get("visibility"), body.get("preset"))
        assert value_in(plan.events, "m.room.history_visibility", "history_visibility") != "world_readable"


@given(PLAUSIBLE, st.sampled_from(ALL))
def test_a_planned_room_is_planned_once(body: dict[str, Any], rules: RuleSet) -> None:
    facts = read_create_room(body, ME, rules)
    if isinstance(facts, Deny) or judge_create_room(facts, rules) != Allow():
        return
    again = create({**body, **facts.plan.body}, rules)
    assert again.plan == facts.plan
    assert judge_create_room(again, rules) == Allow()


@pytest.mark.parametrize("federate", [{}, {"m.federate": True}])
def test_a_public_room_stays_at_home_unless_an_operator_says_otherwise(federate: dict[str, Any]) -> None:
    body = {"preset": "public_chat", "creation_content": federate}
    unsafe = RULES.model_copy(update={"create_room_own_server": None})
    for rules, federates in ((RULES, False), (unsafe, True)):
        facts = read_create_room(body, ME, rules)
        assert not isinstance(facts, Deny)
        assert facts.plan.room.is_federated is federates
