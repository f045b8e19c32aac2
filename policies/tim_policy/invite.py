"""The facts an invite is judged by; gathered by the shell, read by the rules."""

from dataclasses import dataclass

from tim_policy.federation_list import FederationList
from tim_policy.names import ServerName, UserId
from tim_policy.permission_config import PermissionConfig, UnreadablePermissionConfig


@dataclass(frozen=True, slots=True)
class InviteFacts:
    """Who invites whom, and what is known about both.

    Args:
        inviter, invitee: parsed user ids.
        own_server: the homeserver that judges.
        is_own_insurance: this homeserver serves insured persons (product ePA), whatever the list says.
        federation_list: the newest verified list that is young enough; None if there is none.
        permission: the invitee's configuration, or why it cannot be read; None when she stored none, or belongs to
            another homeserver, which judges her configuration itself.
    """

    inviter: UserId
    invitee: UserId
    own_server: ServerName
    is_own_insurance: bool
    federation_list: FederationList | None
    permission: PermissionConfig | UnreadablePermissionConfig | None

    @property
    def is_invitee_own(self) -> bool:
        """Whether the invitee belongs to the homeserver that judges."""
        return self.invitee.server_name == self.own_server

    def is_insured(self, user: UserId) -> bool:
        """Whether `user` is an insured person as far as the list and our own product tell."""
        if user.server_name == self.own_server and self.is_own_insurance:
            return True
        return self.federation_list is not None and self.federation_list.is_insurance(user.server_name)
