"""What this homeserver stores about one of its users who is invited, read in one transaction.

Read past Synapse's caches: on a homeserver with workers these follow a change with a delay, and whoever has just
blocked everybody must not be invited any more.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy.invite import InviteeFacts
from tim_policy.names import ServerName, UserId
from tim_policy.permission_config import ACCOUNT_DATA_TYPES, Product, StoredConfig, config_in_force
from tim_synapse.contact_table import is_admitted

_ACCOUNT = "SELECT deactivated FROM users WHERE name = ?"
_ACCOUNT_DATA = (
    "SELECT account_data_type, content, stream_id FROM account_data WHERE user_id = ? AND account_data_type IN (?, ?)"
)


@dataclass(frozen=True, slots=True)
class InviteeReader:
    """Reads an invitee's facts.

    Args:
        api: Synapse's module interface.
        product: of this homeserver.
        own_server: this homeserver.
        with_contacts: contact lists count here.
    """

    api: ModuleApi
    product: Product
    own_server: ServerName
    with_contacts: bool

    async def facts(self, invitee: UserId, inviter: UserId) -> InviteeFacts:
        """Of an invitee of this homeserver."""
        return await self.api.run_db_interaction("tim_invitee", self._read, invitee, inviter)

    def _read(self, txn: LoggingTransaction, invitee: UserId, inviter: UserId) -> InviteeFacts:
        now = self.api.get_current_time_msec() / 1000
        txn.execute(_ACCOUNT, (str(invitee),))
        account = txn.fetchone()
        return InviteeFacts(
            is_active=account is not None and not account[0],
            permission=config_in_force(
                stored_configs(txn, str(invitee), ACCOUNT_DATA_TYPES[self.product]), self.product, self.own_server
            ),
            is_contact=self.with_contacts and is_admitted(txn, invitee, inviter, now),
        )


def stored_configs(txn: LoggingTransaction, user_id: str, types: Sequence[str]) -> dict[str, StoredConfig]:
    """What a user stored, by the type of the account data; `types` are two."""
    txn.execute(_ACCOUNT_DATA, (user_id, *types))
    return {name: StoredConfig(json.loads(content), position) for name, content, position in txn.fetchall()}
