"""S2: the invitee's permission configuration lets the inviter in (A_26021-01, A_25045-02)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteFacts
from tim_policy.permission_config import UnreadablePermissionConfig

REQUIREMENT = "A_26021-01"


def decide(facts: InviteFacts) -> Decision:
    """The configuration allows the inviter; it counts inside one homeserver too.

    Returns:
        Deny(UNREADABLE_PERMISSION_CONFIG) when it does not follow its schema.
        Deny(BLOCKED_BY_INVITEE) when it refuses the inviter.
    """
    if facts.permission is None:
        return Allow()
    if isinstance(facts.permission, UnreadablePermissionConfig):
        return Deny(REQUIREMENT, Reason.UNREADABLE_PERMISSION_CONFIG)
    if facts.permission.allows(facts.inviter, is_insured=facts.is_insured(facts.inviter)):
        return Allow()
    return Deny(REQUIREMENT, Reason.BLOCKED_BY_INVITEE)
