"""Which rules judge what, in which order: literal tables, visible in review."""

from collections.abc import Callable

from tim_policy.decision import Allow, Decision, Deny
from tim_policy.invite import InviteFacts
from tim_policy.rules import invite_federation, invite_insured, invite_permission

INVITE_RULES: tuple[Callable[[InviteFacts], Decision], ...] = (
    invite_federation.decide,  # S1
    invite_insured.decide,  # S1b
    invite_permission.decide,  # S2
)


def judge_invite(facts: InviteFacts) -> Decision:
    """The first refusal of `INVITE_RULES`, or Allow when no rule objects."""
    for decide in INVITE_RULES:
        decision = decide(facts)
        if isinstance(decision, Deny):
            return decision
    return Allow()
