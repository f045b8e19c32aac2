"""Judges a room before it exists: the request, its address, and every event it would start with."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tim_policy.create_room import parse_create_room
from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Decision, Deny
from tim_policy.names import UserId
from tim_policy.profile import RuleSet
from tim_policy.registry import (
    ALIAS_RULES,
    CREATE_ROOM_RULES,
    LISTING_RULES,
    STATE_RULES,
    UPGRADE_RULES,
    Rule,
    Verdict,
    explain,
    judge,
)
from tim_policy.room_access import AliasFacts, ListingFacts
from tim_policy.room_plan import plan_room, plan_upgrade
from tim_policy.room_state import POWER_LEVELS, PUBLIC, StateEvent, StateFacts

_ANY_DEPTH = 64  # where a profile sets no limit: about as deep as Synapse itself reads


def read_create_room(body: object, creator: UserId, rules: RuleSet) -> CreateRoomFacts | Deny:
    """The facts of a createRoom request.

    Args:
        body: any JSON value.
        creator: who asks.
        rules: in force; they complete what the request leaves open.

    Returns:
        The facts, or Deny(UNREADABLE_REQUEST).
    """
    request = parse_create_room(body, creator, _max_depth(rules))
    return request if isinstance(request, Deny) else CreateRoomFacts(request, plan_room(request, rules))


def read_upgrade(
    new_version: str, creation_content: Mapping[str, Any], state: Iterable[StateEvent], creator: UserId, rules: RuleSet
) -> CreateRoomFacts | Deny:
    """The facts of a room upgrade.

    Args:
        new_version: of the room that replaces the old one.
        creation_content: of the old room's create event.
        state: of the old room, as far as the new one takes it over.
        creator: who upgrades.
        rules: in force.

    Returns:
        The facts, or Deny(UNREADABLE_REQUEST) when the old room's state could not be part of a new room.
    """
    events = [{"type": event.type, "state_key": event.state_key, "content": event.content} for event in state]
    kept = {key: creation_content[key] for key in ("type", "m.federate") if key in creation_content}
    body = {"room_version": new_version, "creation_content": kept, "initial_state": events}
    request = parse_create_room(body, creator, _max_depth(rules))
    return request if isinstance(request, Deny) else CreateRoomFacts(request, plan_upgrade(request))


def judge_create_room(facts: CreateRoomFacts, rules: RuleSet) -> Decision:
    """The first refusal of a new room, or Allow; invitees are judged one by one by `INVITE_RULES` besides."""
    decision = _judge_room(CREATE_ROOM_RULES, facts, rules)
    if not isinstance(decision, Deny):
        decision = judge(ALIAS_RULES, rules, AliasFacts(facts.request.alias))
    if isinstance(decision, Deny) or not facts.request.is_public:
        return decision
    return judge(LISTING_RULES, rules, ListingFacts(PUBLIC, facts.plan.room))


def judge_upgrade(facts: CreateRoomFacts, rules: RuleSet) -> Decision:
    """The first refusal of a room that replaces another one, or Allow."""
    return _judge_room(UPGRADE_RULES, facts, rules)


def explain_events(facts: CreateRoomFacts, rules: RuleSet) -> Iterator[Verdict]:
    """What each rule says about the room's address and its first events: its first refusal, or Allow."""
    yield from explain(ALIAS_RULES, rules, AliasFacts(facts.request.alias))
    for rule in STATE_RULES:
        verdicts = [next(explain((rule,), rules, event)) for event in _events(facts)]
        yield next((verdict for verdict in verdicts if isinstance(verdict.decision, Deny)), verdicts[0])


def _events(facts: CreateRoomFacts) -> Iterator[StateFacts]:
    own_server = facts.request.creator.server_name
    yield StateFacts(StateEvent(POWER_LEVELS, "", facts.plan.power_levels), facts.plan.room, own_server)
    for event in facts.plan.events:
        yield StateFacts(event, facts.plan.room, own_server)


def _judge_room(table: tuple[Rule[CreateRoomFacts], ...], facts: CreateRoomFacts, rules: RuleSet) -> Decision:
    decision = judge(table, rules, facts)
    for event in _events(facts):
        if isinstance(decision, Deny):
            return decision
        decision = judge(STATE_RULES, rules, event)
    return decision


def _max_depth(rules: RuleSet) -> int:
    return _ANY_DEPTH if rules.create_room_size is None else rules.create_room_size.max_depth
