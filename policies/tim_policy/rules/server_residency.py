"""EU residency: nothing passes to or from a server outside the allowed countries (GDPR chapter V)."""

from tim_policy.decision import Allow, Decision
from tim_policy.gate import ServerFacts
from tim_policy.residency import judge_residency


def decide(facts: ServerFacts) -> Decision:
    """The server is the own one, or all evidence places it in allowed countries.

    In observe mode nothing is refused here; `judge_residency` tells what would have been.

    Returns:
        Deny(SERVER_OUTSIDE_REGION), Deny(SERVER_REGION_UNKNOWN): see `judge_residency`.
    """
    if facts.server_name == facts.own_server or facts.residency is None or not facts.is_residency_enforced:
        return Allow()
    return judge_residency(facts.residency)
