"""Who is invited can take part: another person, with an active account (AF_10104-03).

Synapse lets its users invite names that nobody has; whoever takes such a name later would find the invitation.
"""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteFacts
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "AF_10104-03"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: InviteFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """The invitee is not the inviter, and exists, as far as this homeserver can know.

    Returns:
        Deny(INVITE_OF_ONESELF).
        Deny(INVITEE_UNKNOWN) for a user of this homeserver without an account, or with a deactivated one.
    """
    if facts.invitee == facts.inviter:
        return Deny(REQUIREMENT, Reason.INVITE_OF_ONESELF)
    if facts.own_invitee is not None and not facts.own_invitee.is_active:
        return Deny(REQUIREMENT, Reason.INVITEE_UNKNOWN)
    return Allow()
