"""Gathers what the rules need to know; the only reader of Synapse's data."""

from synapse.module_api import ModuleApi

from tim_policy.invite import InviteFacts
from tim_policy.names import ServerName, UserId, parse_server_name
from tim_policy.permission_config import (
    ACCOUNT_DATA_TYPES,
    PermissionConfig,
    Product,
    UnreadablePermissionConfig,
    parse_permission_config,
)
from tim_synapse.list_store import ListStore


class Facts:
    """What this homeserver knows about an invite.

    Args:
        api: Synapse's module interface.
        product: of this homeserver.
        lists: keeper of the federation list.
    """

    def __init__(self, api: ModuleApi, product: Product, lists: ListStore) -> None:
        self._api = api
        self._product = product
        self._lists = lists
        self._own_server: ServerName = parse_server_name(api.server_name)

    def is_own(self, user_id: str) -> bool:
        """Whether the user belongs to this homeserver, by Synapse's own notion."""
        return self._api.is_mine(user_id)

    async def of_invite(self, inviter: UserId, invitee: UserId) -> InviteFacts:
        """Everything the invite rules ask for."""
        return InviteFacts(
            inviter=inviter,
            invitee=invitee,
            own_server=self._own_server,
            is_own_insurance=self._product is Product.EPA,
            federation_list=self._lists.current(),
            permission=await self._permission(invitee),
        )

    async def _permission(self, invitee: UserId) -> PermissionConfig | UnreadablePermissionConfig | None:
        """The invitee's configuration, read at every invite, so that a change counts at once."""
        if not self._api.is_mine(str(invitee)):
            return None
        for data_type in ACCOUNT_DATA_TYPES[self._product]:
            content = await self._api.account_data_manager.get_global(str(invitee), data_type)
            if content is None:
                continue
            try:
                return parse_permission_config(content)
            except UnreadablePermissionConfig as unreadable:
                return unreadable
        return None
