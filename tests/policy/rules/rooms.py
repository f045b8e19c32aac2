"""Facts about rooms for rule tests, and who of the profiles says what."""

from collections.abc import Mapping
from typing import Any

from tests.policy.profiles import PROFILES, RULES
from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Deny
from tim_policy.names import parse_user_id
from tim_policy.profile import ProfileName, RuleSet
from tim_policy.room_creation import read_create_room
from tim_policy.room_state import RoomFacts, StateEvent, StateFacts

OWN = "praxis.tim.test"
CREATOR = f"@a:{OWN}"
COLLEAGUE = f"@b:{OWN}"
NURSE = "@c:pflege.tim.test"
MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}
PRO = [PROFILES[name].rules for name in (ProfileName.PRO_1_1, ProfileName.PRO_1_2)]
EPA = [PROFILES[name].rules for name in (ProfileName.EPA_1_1, ProfileName.EPA_1_2)]
ALL = [*PRO, *EPA]
ROOM = RoomFacts(is_new=False, is_own=True, is_federated=True, join_rule="invite", encryption=MEGOLM)
PUBLIC_ROOM = RoomFacts(is_new=False, is_own=True, is_federated=False, join_rule="public")
NEW_ROOM = RoomFacts(is_new=True, is_own=True, is_federated=True)
NEW_PUBLIC_ROOM = RoomFacts(is_new=True, is_own=True, is_federated=False)


def create(body: Mapping[str, Any], rules: RuleSet = RULES) -> CreateRoomFacts:
    """Facts about `CREATOR` asking for a room; the body must be readable."""
    facts = read_create_room(dict(body), parse_user_id(CREATOR), rules)
    assert not isinstance(facts, Deny)
    return facts


def initial(event_type: str, content: Mapping[str, Any], state_key: str = "") -> dict[str, Any]:
    """One entry of `initial_state`."""
    return {"type": event_type, "state_key": state_key, "content": dict(content)}


def state(event_type: str, content: Mapping[str, Any], room: RoomFacts = ROOM, state_key: str = "") -> StateFacts:
    """Facts about a state event that somebody of `OWN` sends."""
    return StateFacts(StateEvent(event_type, state_key, content), room, OWN)
