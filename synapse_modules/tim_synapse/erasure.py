"""What Synapse still holds of a user, and the deletion of what its own deactivation leaves behind (GDPR Art. 17)."""
# ruff: noqa: S608 - the names of tables and columns are those of the data map and of this file

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy.audit_log import AuditKind
from tim_policy.data_map import data_map
from tim_policy.person_data import person_columns
from tim_synapse import retention_table
from tim_synapse.audit import Audit
from tim_synapse.private_retention import empty_caches
from tim_synapse.tables import is_there, localpart

ERASABLE: Mapping[str, tuple[str, ...]] = {
    "user_ips": ("user_id",),
    "user_daily_visits": ("user_id",),
    "room_tags": ("user_id",),
    "room_tags_revisions": ("user_id",),
    "open_id_tokens": ("user_id",),
    "user_filters": ("full_user_id",),
    "receipts_linearized": ("user_id",),
    "receipts_graph": ("user_id",),
    "event_push_actions": ("user_id",),
    "event_push_summary": ("user_id",),
    "device_inbox": ("user_id",),
    "presence_stream": ("user_id",),
    "user_stats_current": ("user_id",),
    "monthly_active_users": ("user_id",),
    "thread_subscriptions": ("user_id",),
    "user_directory": ("user_id",),
    "user_directory_search": ("user_id",),
    "ratelimit_override": ("user_id",),
    "ignored_users": ("ignored_user_id",),
    "tim_contacts": ("owner", "contact"),
}
"""What `deactivate` with `erase: true` leaves of a user and nobody needs any more: table → columns with her id."""

CACHES = (
    "get_tags_for_user",
    "get_user_filter",
    "_get_linearized_receipts_for_room",
    "get_unread_event_push_actions_by_room_for_user",
    "ignored_users",
    "ignored_by",
)


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows of one table that name the user.

    Args:
        table: of Synapse.
        data_class, how: from the data map.
        rows: how many.
        is_erasable: erasing deletes them.
    """

    table: str
    data_class: str
    rows: int
    is_erasable: bool
    how: str


class Erasure:
    """Looks and deletes.

    Args:
        api: Synapse's module interface.
        audit: is told of an erasure, with a hash in the place of the user id.
    """

    def __init__(self, api: ModuleApi, audit: Audit) -> None:
        self._api = api
        self._audit = audit

    async def is_deactivated(self, user_id: str) -> bool | None:
        """Whether the account is closed; None: there is no such account here."""
        found: bool | None = await self._api.run_db_interaction("tim_erasure_user", _is_deactivated, user_id)
        return found

    async def held_rooms(self, user_id: str) -> int:
        """How many rooms under legal hold she is, or was, in."""
        found: int = await self._api.run_db_interaction("tim_erasure_held", _held_rooms, user_id)
        return found

    async def traces(self, user_id: str) -> list[Trace]:
        """Every table with rows that name the user; each table is asked apart, since some are large."""
        found = []
        for table, entry in data_map().items():
            rows = await self._api.run_db_interaction("tim_erasure_count", _count, table, user_id)
            if rows:
                found.append(Trace(table, entry.data_class, rows, table in ERASABLE, entry.how))
        return found

    async def erase(self, user_id: str, admin: str) -> None:
        """Delete what is erasable of a deactivated user; rows of rooms under legal hold stay."""
        await self._api.run_db_interaction("tim_erasure", self._erase, user_id, admin)

    def _erase(self, txn: LoggingTransaction, user_id: str, admin: str) -> None:
        deleted: dict[str, int] = {}
        has_holds = retention_table.has_tables(txn)
        for table, columns in ERASABLE.items():
            if not is_there(txn, table):
                continue
            for column in columns:
                held = ""
                if has_holds and "room_id" in {*data_map()[table].personal, *data_map()[table].other}:
                    held = f" AND NOT EXISTS (SELECT 1 FROM tim_retention_hold h WHERE h.room_id = {table}.room_id)"
                txn.execute(f"DELETE FROM {table} WHERE {column} = ?{held}", (user_id,))
                if txn.rowcount > 0:
                    deleted[table] = deleted.get(table, 0) + txn.rowcount
        # Synapse takes the name out of her events, and leaves this copy of it.
        txn.execute("UPDATE room_memberships SET display_name = NULL, avatar_url = NULL WHERE user_id = ?", (user_id,))
        empty_caches(self._api, txn, CACHES)
        detail = {"user_sha256": hashlib.sha256(user_id.encode()).hexdigest(), "deleted": deleted}
        self._audit.append(txn, AuditKind.ERASURE, admin, detail)


def _is_deactivated(txn: LoggingTransaction, user_id: str) -> bool | None:
    txn.execute("SELECT deactivated FROM users WHERE name = ?", (user_id,))
    row = txn.fetchone()
    return None if row is None else bool(row[0])


def _held_rooms(txn: LoggingTransaction, user_id: str) -> int:
    if not retention_table.has_tables(txn):
        return 0
    txn.execute(
        "SELECT COUNT(DISTINCT h.room_id) FROM tim_retention_hold h JOIN room_memberships m ON m.room_id = h.room_id"
        " WHERE m.user_id = ?",
        (user_id,),
    )
    ((rooms,),) = txn.fetchall()
    return int(rooms)


def _count(txn: LoggingTransaction, table: str, user_id: str) -> int:
    places = person_columns(table)
    if not places or not is_there(txn, table):
        return 0
    where = " OR ".join(f"{place.column} = ?" for place in places)
    values = tuple(localpart(user_id) if place.is_localpart else user_id for place in places)
    txn.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}", values)
    ((rows,),) = txn.fetchall()
    return int(rows)
