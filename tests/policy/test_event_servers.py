"""Which servers an event brings into a room."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.event_servers import judged_servers, room_creator_servers

NURSE, MALLORY = "@nurse:pflege.tim.test", "@mallory:fremd.test"
BOTH = ("pflege.tim.test", "fremd.test")


@pytest.mark.parametrize(
    ("event_type", "sender", "state_key", "content", "servers"),
    [
        ("m.room.message", NURSE, None, {}, ("pflege.tim.test",)),
        ("m.room.name", NURSE, "", {"name": "x"}, ("pflege.tim.test",)),
        ("m.room.create", NURSE, "", {}, ()),
        ("m.room.create", NURSE, None, {"body": "no state event, but words"}, ("pflege.tim.test",)),
        ("m.room.member", NURSE, MALLORY, {"membership": "invite"}, BOTH),
        ("m.room.member", NURSE, NURSE, {"membership": "join"}, ("pflege.tim.test",)),
        ("m.room.member", NURSE, NURSE, {"membership": "knock"}, ("pflege.tim.test",)),
        ("m.room.member", NURSE, NURSE, {"membership": "leave"}, ()),
        ("m.room.member", NURSE, MALLORY, {"membership": "ban"}, ()),
        ("m.room.member", NURSE, NURSE, {"membership": ["leave"]}, ("pflege.tim.test",)),
        ("m.room.member", NURSE, None, {"membership": "leave"}, ("pflege.tim.test",)),
        ("m.room.message", "no user id", None, {}, ("",)),
        ("m.room.message", "@nurse:pflege.tim.test:8448", None, {}, ("pflege.tim.test:8448",)),
    ],
)
def test_the_servers_of_those_who_act_are_judged(
    event_type: str, sender: str, state_key: str | None, content: dict[str, Any], servers: tuple[str, ...]
) -> None:
    assert judged_servers(event_type, sender, state_key, content) == servers


@pytest.mark.parametrize(
    ("room_id", "stripped_state", "servers"),
    [
        ("!a:pflege.tim.test", None, {"pflege.tim.test"}),
        ("!a:pflege.tim.test", [{"type": "m.room.create", "sender": MALLORY}], set(BOTH)),
        ("!room-of-version-12", [{"type": "m.room.create", "sender": MALLORY}], {"fremd.test"}),
        ("!room-of-version-12", [], set()),
        ("!a:pflege.tim.test", [None, 1, {"type": "m.room.name", "sender": MALLORY}], {"pflege.tim.test"}),
        ("!a:pflege.tim.test", [{"type": "m.room.create"}], {"pflege.tim.test", ""}),
    ],
)
def test_who_created_a_room_is_told_by_its_id_and_by_the_invite(
    room_id: str, stripped_state: object, servers: set[str]
) -> None:
    assert room_creator_servers(room_id, stripped_state) == servers


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text(), st.text(), st.none() | st.text(), st.dictionaries(st.text(), JSON), JSON)
def test_no_event_makes_them_stumble(
    event_type: str, sender: str, state_key: str | None, content: dict[str, Any], state: Any
) -> None:
    judged_servers(event_type, sender, state_key, content)
    room_creator_servers(sender, state)
