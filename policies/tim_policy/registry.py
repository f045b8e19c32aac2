"""Which rules judge what, in which order: literal tables, visible in review."""

from collections.abc import Callable

from tim_policy import residency
from tim_policy.decision import Allow, Decision, Deny
from tim_policy.gate import ServerFacts
from tim_policy.invite import InviteFacts
from tim_policy.rules import (
    invite_federation,
    invite_insured,
    invite_permission,
    server_federation,
    server_residency,
)

INVITE_RULES: tuple[Callable[[InviteFacts], Decision], ...] = (
    invite_federation.decide,  # S1
    invite_insured.decide,  # S1b
    invite_permission.decide,  # S2
)

SERVER_RULES: tuple[Callable[[ServerFacts], Decision], ...] = (
    server_federation.decide,
    server_residency.decide,
)
_REQUIREMENTS = (server_federation.REQUIREMENT, residency.REQUIREMENT)


def judge_invite(facts: InviteFacts) -> Decision:
    """The first refusal of `INVITE_RULES`, or Allow when no rule objects."""
    for decide in INVITE_RULES:
        decision = decide(facts)
        if isinstance(decision, Deny):
            return decision
    return Allow()


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
