"""Gathers what the invite rules need to know."""

from synapse.module_api import ModuleApi

from tim_policy.invite import InviteFacts
from tim_policy.names import ServerName, UserId, parse_server_name
from tim_policy.permission_config import Product
from tim_policy.profile import Profile
from tim_synapse.invite_room import InviteRoomReader
from tim_synapse.invitee import InviteeReader
from tim_synapse.list_store import ListStore
from tim_synapse.private_events import RoomState


class Facts:
    """What this homeserver knows about an invite.

    Args:
        api: Synapse's module interface.
        profile: in force; what no rule of it asks for is not read.
        lists: keeper of the federation list.
    """

    def __init__(self, api: ModuleApi, profile: Profile, lists: ListStore) -> None:
        self._api = api
        self._product = profile.product
        self._lists = lists
        self._own_server: ServerName = parse_server_name(api.server_name)
        permission = profile.rules.invite_permission
        with_contacts = permission is not None and permission.contacts
        self._invitees = InviteeReader(api, profile.product, self._own_server, with_contacts)
        self._rooms = InviteRoomReader(api) if profile.rules.invite_direct_room is not None else None

    def is_own(self, user_id: str) -> bool:
        """Whether the user belongs to this homeserver, by Synapse's own notion."""
        return self._api.is_mine(user_id)

    async def of_invite(
        self, inviter: UserId, invitee: UserId, room_id: str | None = None, state: RoomState | None = None
    ) -> InviteFacts:
        """Everything the invite rules ask for.

        Args:
            inviter, invitee: of the invite.
            room_id: None: the room does not exist yet.
            state: of the room, where the caller has it.
        """
        room = None
        if self._rooms is not None and room_id is not None:
            room = await self._rooms.facts(room_id, invitee, state)
        return InviteFacts(
            inviter=inviter,
            invitee=invitee,
            own_server=self._own_server,
            is_own_insurance=self._product is Product.EPA,
            federation_list=self._lists.current(),
            own_invitee=await self._invitees.facts(invitee, inviter) if self._api.is_mine(str(invitee)) else None,
            room=room,
        )
