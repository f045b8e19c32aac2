"""Gives a new user the permission configuration that counts for her anyway, so that her client finds one to show.

Written when an account is made, and for older accounts when somebody logs in with its only device: at neither moment
can another client be storing one, so that nothing a user chose is ever overwritten.
"""

import logging

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy.names import parse_server_name
from tim_policy.permission_config import ACCOUNT_DATA_TYPES
from tim_policy.profile import Profile
from tim_synapse.callbacks import register
from tim_synapse.invitee import stored_configs

logger = logging.getLogger(__name__)

_DEVICES = "SELECT count(*) FROM devices WHERE user_id = ? AND NOT hidden"


class NewUsers:
    """Synapse's callbacks about new accounts and logins.

    Args:
        api: Synapse's module interface.
        profile: in force.
    """

    def __init__(self, api: ModuleApi, profile: Profile) -> None:
        self._api = api
        self._types = ACCOUNT_DATA_TYPES[profile.product]
        self._permission = profile.rules.invite_permission
        self._own_server = parse_server_name(api.server_name)

    def register(self) -> None:
        """Hook into Synapse, where the profile wants it."""
        if self._permission is None or not self._permission.written:
            return
        register(
            self._api.register_account_validity_callbacks,
            on_user_registration=self.on_user_registration,
            on_user_login=self.on_user_login,
        )

    async def on_user_registration(self, user_id: str) -> None:
        """Write the configuration of a new account."""
        await self._write(user_id)

    async def on_user_login(
        self,
        user_id: str,
        auth_provider_type: str | None,  # noqa: ARG002 - part of the callback
        auth_provider_id: str | None,  # noqa: ARG002 - part of the callback
    ) -> None:
        """Write the configuration of an account from before this module, or whose first write failed."""
        await self._write(user_id)

    async def _write(self, user_id: str) -> None:
        """A failure is one line in the log: it must keep nobody from logging in."""
        if self._permission is None:
            return
        try:
            if await self._api.run_db_interaction("tim_new_user", self._is_unconfigured, user_id):
                content = self._permission.unconfigured.content(self._own_server)
                await self._api.account_data_manager.put_global(user_id, self._types[0], content)
        except Exception as error:  # noqa: BLE001 - whatever it is, the login goes on
            logger.error("component=new_users error=%s; a new user has no permission config", type(error).__name__)

    def _is_unconfigured(self, txn: LoggingTransaction, user_id: str) -> bool:
        if stored_configs(txn, user_id, self._types):
            return False
        txn.execute(_DEVICES, (user_id,))
        row = txn.fetchone()
        return row is not None and row[0] <= 1
