"""S1b: an insured person may not invite an insured person (AF_10233, A_25705; allowed directions A_25704)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteFacts
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "A_25705"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: InviteFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """At most one side is insured, whatever the invitee's permission configuration says.

    Returns:
        Deny(INSURED_TO_INSURED) when both users belong to insurers' servers, the same one included.
    """
    if facts.is_insured(facts.inviter) and facts.is_insured(facts.invitee):
        return Deny(REQUIREMENT, Reason.INSURED_TO_INSURED)
    return Allow()
