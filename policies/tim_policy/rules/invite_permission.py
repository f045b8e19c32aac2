"""S2: the invitee lets the inviter in (A_26021-01, A_25045-02), in 1.1 by contact list or directory too (AF_10061)."""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteFacts
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.permission_config import Unconfigured, UnreadablePermissionConfig

REQUIREMENT = "A_26021-01"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        contacts: a valid entry of the invitee's contact list (Freigabeliste) admits its inviter, whatever her
            configuration says; the homeserver then offers the interface TiMessengerContactManagement.
        unconfigured: what counts for an invitee who stored no configuration.
        where_is: an invitee who stored no configuration is also reached as the directory says (check level 3), unless
            `unconfigured` blocks all.
        written: a new user gets `unconfigured` as account data, so that her client finds a configuration to show;
            one that is stored is never touched.
    """

    contacts: Annotated[bool, Stricter.FALSE]
    unconfigured: Annotated[Unconfigured, Stricter.FEWER_INVITERS]
    where_is: Annotated[bool, Stricter.FALSE]
    written: Annotated[bool, Stricter.ANY]


def decide(facts: InviteFacts, parameters: Parameters) -> Decision:
    """The contact list or the configuration admits the inviter; both count inside one homeserver too.

    Returns:
        Deny(UNREADABLE_PERMISSION_CONFIG) when the configuration does not follow its schema.
        Deny(BLOCKED_BY_INVITEE) when it refuses the inviter.
    """
    invitee = facts.own_invitee
    if invitee is None:
        return Allow()  # her homeserver judges
    if parameters.contacts and invitee.is_contact:
        return Allow()
    permission = invitee.permission or parameters.unconfigured.config(facts.own_server)
    if isinstance(permission, UnreadablePermissionConfig):
        return Deny(REQUIREMENT, Reason.UNREADABLE_PERMISSION_CONFIG)
    if permission.allows(facts.inviter, is_insured=facts.is_insured(facts.inviter)):
        return Allow()
    if facts.whereabouts is not None and facts.whereabouts.admits and is_directory_asked(facts, parameters):
        return Allow()
    return Deny(REQUIREMENT, Reason.BLOCKED_BY_INVITEE)


def is_directory_asked(facts: InviteFacts, parameters: Parameters) -> bool:
    """Whether an invite that this rule refuses depends on the directory; what she stored herself is the last word."""
    invitee = facts.own_invitee
    return (
        parameters.where_is
        and invitee is not None
        and invitee.permission is None
        and parameters.unconfigured is not Unconfigured.BLOCK_ALL
    )
