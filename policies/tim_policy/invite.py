"""The facts an invite is judged by; gathered by the shell, read by the rules."""

from dataclasses import dataclass

from tim_policy.directory.where_is import Whereabouts
from tim_policy.federation_list import FederationList
from tim_policy.names import ServerName, UserId
from tim_policy.permission_config import PermissionConfig, UnreadablePermissionConfig


@dataclass(frozen=True, slots=True)
class InviteeFacts:
    """What an invitee's own homeserver knows about her.

    Args:
        is_active: she has an account, and it is not deactivated.
        permission: her permission configuration, or why it cannot be read; None when she stored none.
        is_contact: her contact list (1.1) admits the inviter right now.
    """

    is_active: bool
    permission: PermissionConfig | UnreadablePermissionConfig | None
    is_contact: bool


@dataclass(frozen=True, slots=True)
class InviteRoomFacts:
    """The room of an invite, as this homeserver sees it.

    Args:
        people: how many others than the invitee are in it or invited to it, the inviter included.
        is_direct: it is somebody's direct chat (Matrix specification, "Direct Messaging").
    """

    people: int
    is_direct: bool


@dataclass(frozen=True, slots=True)
class InviteFacts:
    """Who invites whom, and what is known about both.

    Args:
        inviter, invitee: parsed user ids.
        own_server: the homeserver that judges.
        is_own_insurance: this homeserver serves insured persons (product ePA), whatever the list says.
        federation_list: the newest verified list that is young enough; None if there is none.
        own_invitee: see `InviteeFacts`; None when she belongs to another homeserver, which judges that itself.
        room: None for a room that does not exist yet, or that this homeserver does not take part in.
        whereabouts: what the directory says (1.1); None: it was not asked, or did not answer as agreed.
    """

    inviter: UserId
    invitee: UserId
    own_server: ServerName
    is_own_insurance: bool
    federation_list: FederationList | None
    own_invitee: InviteeFacts | None
    room: InviteRoomFacts | None
    whereabouts: Whereabouts | None = None

    def is_insured(self, user: UserId) -> bool:
        """Whether `user` is an insured person as far as the list and our own product tell."""
        return (user.server_name == self.own_server and self.is_own_insurance) or self.is_insurer(user.server_name)

    def is_insurer(self, server_name: ServerName) -> bool:
        """Whether the list names the server as that of an insurer."""
        return self.federation_list is not None and self.federation_list.is_insurance(server_name)
