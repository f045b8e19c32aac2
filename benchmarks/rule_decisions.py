"""How long the pure rules think: every table of the policy, in every profile."""

import time
import timeit
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.rule_traffic import CREATE_ROOM
from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow
from tim_policy.explain import DESCRIPTIONS
from tim_policy.names import parse_user_id
from tim_policy.profile import ProfileName, shipped_profile
from tim_policy.registry import TABLES, judge
from tim_policy.room_creation import judge_create_room, read_create_room
from tim_policy.settings import load_settings

# Many short rounds, by CPU time: one of them the machine leaves in peace.
_CALLS = 200
_ROUNDS = 60
_DOCTOR, _NURSE = "@doctor:praxis.tim.test", "@nurse:pflege.tim.test"
_OWN = {"own_server": "praxis.tim.test"}
_LISTED = _OWN | {"listed": ["praxis.tim.test", "pflege.tim.test"], "insurers": ["kasse.tim.test"]}
_RELATION = {"rel_type": "m.annotation", "event_id": "$" + "a" * 43, "key": "👍"}
_POWER_LEVELS = {
    "users": {f"@user{number}:pflege.tim.test": 50 for number in range(20)},
    "events": {"m.room.power_levels": 100, "m.room.join_rules": 100, "m.room.encryption": 100},
    "state_default": 50,
}
_PEOPLE = {
    "defaultSetting": "block all",
    "userExceptions": {f"@user{number}:pflege.tim.test": {} for number in range(100)},
    "groupExceptions": [{"groupName": "isInsuredPerson"}],
}
_CREATE_ROOM = {**CREATE_ROOM, "invite": [_NURSE], "name": "Befund", "creation_content": {"m.federate": True}}
_STATE = [
    {"type": "m.room.history_visibility", "content": {"history_visibility": "shared"}},
    {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
]

SAMPLES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "invite": (
        _LISTED | {"inviter": _DOCTOR, "invitee": _NURSE},
        _LISTED | {"inviter": _NURSE, "invitee": _DOCTOR, "permission_config": _PEOPLE, "is_contact": True},
        _LISTED | {"inviter": "@x:unlisted.test", "invitee": _DOCTOR},
    ),
    "event": (
        {"event_type": "m.room.encrypted", "content": {"ciphertext": "A" * 1000}},
        {"event_type": "m.reaction", "content": {"m.relates_to": _RELATION}, "is_one_emoji": True},
        {"event_type": "m.room.message", "content": {"m.relates_to": {"rel_type": "m.thread"}}},
        {"event_type": "m.room.redaction", "redacts": "$" + "a" * 43, "redacted_age": "25h"},
    ),
    "createRoom": ({"creator": _DOCTOR, "request": _CREATE_ROOM}, {"creator": _DOCTOR, "request": {}}),
    "upgrade": ({"user_id": _DOCTOR, "new_version": "10", "state": _STATE},),
    "state": (
        _OWN | {"type": "m.room.power_levels", "content": _POWER_LEVELS, "room": {"power_levels": _POWER_LEVELS}},
        _OWN | {"type": "m.room.join_rules", "content": {"join_rule": "public"}},
        _OWN | {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}},
        _OWN
        | {
            "type": "m.room.server_acl",
            "content": {"allow": ["*"], "deny": [f"server{number}.test" for number in range(10)]},
        },
    ),
    "stateRedaction": ({"event_type": "m.room.encryption"}, {"event_type": None}),
    "alias": ({"alias": "sprechstunde"},),
    "listing": ({"visibility": "public", "room": {"join_rule": "public", "is_federated": False}},),
    "join": ({"is_own_room": False, "membership": "invite"},),
    "request": (
        {"endpoint": "profile", "is_logged_in": True, "shares_room": True},
        {"endpoint": "admin/v2/users", "method": "PUT", "is_by_admin": True, "display_name": "Dr. Weber", "body": {}},
        {"endpoint": "presence", "method": "PUT", "is_logged_in": True, "body": {"status_msg": "x" * 250}},
        {"endpoint": "displayname", "method": "PUT", "is_logged_in": True, "body": {"displayname": "Bot (Chatbot)"}},
    ),
    "user directory": ({"is_searcher_insured": True, "is_found_insured": True, "shares_room": True},),
}
"""Requests as `tim policy explain` reads them, by action: what is common, and what the rules look at longest."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The slowest of an action's samples and profiles.

    Args:
        action: name of the table.
        microseconds: the fastest of several rounds, which a busy machine disturbs least.
        rules: number of rules in the table.
    """

    action: str
    microseconds: float
    rules: int


def measure_decisions() -> list[Decision]:
    """One line per table.

    Raises:
        RuntimeError: a table has no sample.
    """
    if missing := TABLES.keys() - SAMPLES.keys():
        raise RuntimeError(f"benchmark: no sample for {', '.join(sorted(missing))}")
    return [
        Decision(action, max(_microseconds(action, name) for name in ProfileName), len(rules))
        for action, rules in TABLES.items()
    ]


def measure_room() -> float:
    """Microseconds for a room with all it begins with: body read, room planned, every event judged."""
    rules = shipped_profile(ProfileName.PRO_1_2).rules
    creator = parse_user_id(_DOCTOR)

    def decide() -> None:
        facts = read_create_room(_CREATE_ROOM, creator, rules)
        if isinstance(facts, CreateRoomFacts) and isinstance(judge_create_room(facts, rules), Allow):
            return
        raise RuntimeError("benchmark: the room is refused")

    return min(timeit.Timer(decide, timer=time.process_time).repeat(_ROUNDS, _CALLS)) / _CALLS * 1e6


def _microseconds(action: str, profile_name: ProfileName) -> float:
    profile = shipped_profile(profile_name)
    slowest = 0.0
    for sample in SAMPLES[action]:
        description: Any = load_settings(DESCRIPTIONS[action], sample, action)
        facts = description.facts(profile)
        timer = timeit.Timer(partial(judge, TABLES[action], profile.rules, facts), timer=time.process_time)
        slowest = max(slowest, min(timer.repeat(_ROUNDS, _CALLS)) / _CALLS * 1e6)
    return slowest
