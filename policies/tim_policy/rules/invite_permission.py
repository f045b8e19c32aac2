"""S2: the invitee's permission configuration lets the inviter in (A_26021-01, A_25045-02)."""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteFacts
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.permission_config import DefaultSetting, PermissionConfig, UnreadablePermissionConfig

REQUIREMENT = "A_26021-01"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        unconfigured: what counts for an invitee who stored no configuration.
    """

    unconfigured: Annotated[DefaultSetting, Stricter.BLOCK_ALL]


def decide(facts: InviteFacts, parameters: Parameters) -> Decision:
    """The configuration allows the inviter; it counts inside one homeserver too.

    Returns:
        Deny(UNREADABLE_PERMISSION_CONFIG) when it does not follow its schema.
        Deny(BLOCKED_BY_INVITEE) when it refuses the inviter.
    """
    if not facts.is_invitee_own:
        return Allow()  # her homeserver judges her configuration
    permission = facts.permission or PermissionConfig(parameters.unconfigured)
    if isinstance(permission, UnreadablePermissionConfig):
        return Deny(REQUIREMENT, Reason.UNREADABLE_PERMISSION_CONFIG)
    if permission.allows(facts.inviter, is_insured=facts.is_insured(facts.inviter)):
        return Allow()
    return Deny(REQUIREMENT, Reason.BLOCKED_BY_INVITEE)
