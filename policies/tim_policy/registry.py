"""Which rules judge what, in which order: literal tables, visible in review."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from tim_policy import residency
from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny
from tim_policy.event import EventFacts
from tim_policy.gate import ServerFacts
from tim_policy.invite import InviteFacts
from tim_policy.profile import RuleSet
from tim_policy.request import RequestFacts
from tim_policy.room_access import AliasFacts, JoinFacts, ListingFacts, StateRedactionFacts
from tim_policy.room_state import StateFacts
from tim_policy.rules import (
    create_room_consistency,
    create_room_encryption,
    create_room_invitees,
    create_room_own_server,
    create_room_public,
    create_room_size,
    create_room_third_party,
    create_room_type,
    create_room_version,
    directory_shared_room,
    event_reaction,
    event_redaction_age,
    event_thread,
    invite_direct_room,
    invite_federation,
    invite_insured,
    invite_insurers,
    invite_invitee,
    invite_permission,
    redaction_of_state,
    request_chatbot_name,
    request_display_name,
    request_federation_profile,
    request_federation_room_directory,
    request_federation_version,
    request_guest,
    request_login_token,
    request_presence_status,
    request_profile_login,
    request_profile_shared_room,
    request_redaction_target,
    request_room_directory,
    request_room_directory_login,
    request_support_method,
    request_url_preview,
    room_alias,
    room_join,
    room_listing,
    server_federation,
    server_residency,
    state_encryption,
    state_guest_access,
    state_history_visibility,
    state_join_rule,
    state_join_rule_public,
    state_power_levels,
    state_server_acl,
    state_shape,
    state_tombstone,
)
from tim_policy.user_directory import DirectoryHit

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Rule(Generic[Facts]):
    """One rule of a table.

    Args:
        name: of its file, and of its parameters in a profile.
        requirement: what demands it.
        decide: judges facts by the rule's own parameters.
    """

    name: str
    requirement: str
    decide: Callable[[Facts, Any], Decision]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says.

    Args:
        rule, requirement: see `Rule`.
        decision: None: the rule is not in force.
    """

    rule: str
    requirement: str
    decision: Decision | None


def _rule(module: Any) -> Rule[Any]:
    return Rule(module.__name__.rpartition(".")[2], module.REQUIREMENT, module.decide)


INVITE_RULES: tuple[Rule[InviteFacts], ...] = (
    _rule(invite_federation),  # S1
    _rule(invite_insured),  # S1b
    _rule(invite_insurers),
    _rule(invite_invitee),
    _rule(invite_direct_room),
    _rule(invite_permission),  # S2
)

EVENT_RULES: tuple[Rule[EventFacts], ...] = (
    _rule(event_reaction),
    _rule(event_thread),
    _rule(event_redaction_age),
)

CREATE_ROOM_RULES: tuple[Rule[CreateRoomFacts], ...] = (
    _rule(create_room_size),
    _rule(create_room_version),
    _rule(create_room_type),
    _rule(create_room_third_party),
    _rule(create_room_invitees),
    _rule(create_room_public),
    _rule(create_room_consistency),
    _rule(create_room_own_server),
    _rule(create_room_encryption),
)
"""Every event of the planned room is judged by `STATE_RULES` besides, its address by `ALIAS_RULES`."""

UPGRADE_RULES: tuple[Rule[CreateRoomFacts], ...] = (
    _rule(create_room_size),
    _rule(create_room_version),
    _rule(create_room_type),
    _rule(create_room_encryption),
)
"""What the new room takes over is judged by `STATE_RULES` besides."""

STATE_RULES: tuple[Rule[StateFacts], ...] = (
    _rule(state_shape),
    _rule(state_join_rule_public),
    _rule(state_join_rule),
    _rule(state_history_visibility),
    _rule(state_encryption),
    _rule(state_guest_access),
    _rule(state_power_levels),
    _rule(state_server_acl),
    _rule(state_tombstone),
)

STATE_REDACTION_RULES: tuple[Rule[StateRedactionFacts], ...] = (_rule(redaction_of_state),)
ALIAS_RULES: tuple[Rule[AliasFacts], ...] = (_rule(room_alias),)
LISTING_RULES: tuple[Rule[ListingFacts], ...] = (_rule(room_listing),)
JOIN_RULES: tuple[Rule[JoinFacts], ...] = (_rule(room_join),)

REQUEST_RULES: tuple[Rule[RequestFacts], ...] = (
    _rule(request_room_directory),
    _rule(request_room_directory_login),
    _rule(request_federation_room_directory),
    _rule(request_federation_version),
    _rule(request_federation_profile),
    _rule(request_profile_login),
    _rule(request_profile_shared_room),
    _rule(request_guest),
    _rule(request_login_token),
    _rule(request_url_preview),
    _rule(request_support_method),
    _rule(request_presence_status),
    _rule(request_display_name),
    _rule(request_chatbot_name),
    _rule(request_redaction_target),
)

DIRECTORY_RULES: tuple[Rule[DirectoryHit], ...] = (_rule(directory_shared_room),)

TABLES: Mapping[str, tuple[Rule[Any], ...]] = {
    "invite": INVITE_RULES,
    "event": EVENT_RULES,
    "createRoom": CREATE_ROOM_RULES,
    "upgrade": UPGRADE_RULES,
    "state": STATE_RULES,
    "stateRedaction": STATE_REDACTION_RULES,
    "alias": ALIAS_RULES,
    "listing": LISTING_RULES,
    "join": JOIN_RULES,
    "request": REQUEST_RULES,
    "user directory": DIRECTORY_RULES,
}
"""Every table that profiles have numbers for, by the action it judges."""

SERVER_RULES: tuple[Callable[[ServerFacts], Decision], ...] = (
    server_federation.decide,
    server_residency.decide,
)
_REQUIREMENTS = (server_federation.REQUIREMENT, residency.REQUIREMENT)


def judge(rules: tuple[Rule[Facts], ...], rule_set: RuleSet, facts: Facts) -> Decision:
    """The first refusal, as the profile words it, or Allow when no rule in force objects."""
    for rule in rules:
        decision = _decide(rule, rule_set, facts)
        if isinstance(decision, Deny):
            return decision
    return Allow()


def explain(rules: tuple[Rule[Facts], ...], rule_set: RuleSet, facts: Facts) -> Iterator[Verdict]:
    """What each rule says, whether or not one before it refuses."""
    for rule in rules:
        yield Verdict(rule.name, rule.requirement, _decide(rule, rule_set, facts))


def _decide(rule: Rule[Facts], rule_set: RuleSet, facts: Facts) -> Decision | None:
    """One rule's decision with the refusal that the profile says; None: the rule is not in force."""
    parameters = getattr(rule_set, rule.name)
    if parameters is None:
        return None
    decision = rule.decide(facts, parameters)
    return replace(decision, refusal=parameters.refusal.as_refusal()) if isinstance(decision, Deny) else decision


def judge_server(facts: ServerFacts) -> Decision:
    """The first refusal of `SERVER_RULES`, or Allow when no rule objects."""
    for decide in SERVER_RULES:
        decision = decide(facts)
        if isinstance(decision, Deny):
            return decision
    return Allow()


def explain_server(facts: ServerFacts) -> tuple[tuple[str, str, Decision], ...]:
    """What each of `SERVER_RULES` says, whether or not one before it refuses: requirement, rule, decision."""
    return tuple(
        (requirement, decide.__module__.rpartition(".")[2], decide(facts))
        for requirement, decide in zip(_REQUIREMENTS, SERVER_RULES, strict=True)
    )
