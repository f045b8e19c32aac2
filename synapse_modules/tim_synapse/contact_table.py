"""The contact lists (1.1) in Synapse's own database, so that an entry counts on all workers once it is answered.

Every process reads and writes. Nothing is cached: an invite is judged by what is stored at that moment.
"""

from collections.abc import Sequence

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import PostgresEngine

from tim_policy.contact_list import MAX_CONTACTS, Contact
from tim_policy.names import UserId, parse_user_id

# IF NOT EXISTS: the table of an earlier start is kept. A later version adds statements, it never edits these.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS tim_contacts (
        owner TEXT NOT NULL,
        contact TEXT NOT NULL,
        display_name TEXT NOT NULL,
        start_ts BIGINT NOT NULL,
        end_ts BIGINT,
        PRIMARY KEY (owner, contact)
    )""",
)
_SCHEMA_LOCK = 0x74696D63
"""Of PostgreSQL, where two processes that make the same table at once fail."""

_SELECT = "SELECT display_name, contact, start_ts, end_ts FROM tim_contacts WHERE owner = ?"
_INSERT = """INSERT INTO tim_contacts (owner, contact, display_name, start_ts, end_ts)
    SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM tim_contacts WHERE owner = ?) < ?
    ON CONFLICT (owner, contact) DO NOTHING"""
_UPDATE = "UPDATE tim_contacts SET display_name = ?, start_ts = ?, end_ts = ? WHERE owner = ? AND contact = ?"


class ContactTable:
    """Reads and writes `tim_contacts`.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api

    async def all_of(self, owner: UserId) -> Sequence[Contact]:
        """A user's entries by user id."""
        return await self._api.run_db_interaction("tim_contacts_read", _read, owner, None)

    async def get(self, owner: UserId, contact: UserId) -> Contact | None:
        """One entry; None when there is none."""
        found = await self._api.run_db_interaction("tim_contacts_read", _read, owner, contact)
        return found[0] if found else None

    async def add(self, owner: UserId, contact: Contact) -> bool:
        """Store a new entry; False when there is one, or when the list is full."""
        return await self._api.run_db_interaction("tim_contacts_add", _add, owner, contact)

    async def change(self, owner: UserId, contact: Contact) -> bool:
        """Replace an entry; False when there is none."""
        return await self._api.run_db_interaction("tim_contacts_change", _change, owner, contact)

    async def remove(self, owner: UserId, contact: UserId | None) -> bool:
        """Delete an entry, or all of a user's; False when there was none."""
        return await self._api.run_db_interaction("tim_contacts_remove", _remove, owner, contact)


def is_admitted(txn: LoggingTransaction, owner: UserId, inviter: UserId, now: float) -> bool:
    """Whether the owner's contact list admits the inviter at `now`, in seconds since 1970."""
    return any(contact.admits(now) for contact in _read(txn, owner, inviter))


def _read(txn: LoggingTransaction, owner: UserId, contact: UserId | None) -> list[Contact]:
    if not _has_table(txn):
        return []
    if contact is None:
        txn.execute(f"{_SELECT} ORDER BY contact", (str(owner),))
    else:
        txn.execute(f"{_SELECT} AND contact = ?", (str(owner), str(contact)))
    return [Contact(name, parse_user_id(user_id), start, end) for name, user_id, start, end in txn.fetchall()]


def _add(txn: LoggingTransaction, owner: UserId, contact: Contact) -> bool:
    _make_table(txn)
    row = (str(owner), str(contact.user_id), contact.display_name, contact.start, contact.end)
    txn.execute(_INSERT, (*row, str(owner), MAX_CONTACTS))
    return txn.rowcount == 1


def _change(txn: LoggingTransaction, owner: UserId, contact: Contact) -> bool:
    if not _has_table(txn):
        return False
    txn.execute(_UPDATE, (contact.display_name, contact.start, contact.end, str(owner), str(contact.user_id)))
    return txn.rowcount == 1


def _remove(txn: LoggingTransaction, owner: UserId, contact: UserId | None) -> bool:
    if not _has_table(txn):
        return False
    if contact is None:
        txn.execute("DELETE FROM tim_contacts WHERE owner = ?", (str(owner),))
    else:
        txn.execute("DELETE FROM tim_contacts WHERE owner = ? AND contact = ?", (str(owner), str(contact)))
    return txn.rowcount > 0


def _make_table(txn: LoggingTransaction) -> None:
    if _has_table(txn):
        return
    if isinstance(txn.database_engine, PostgresEngine):
        txn.execute("SELECT pg_advisory_xact_lock(?)", (_SCHEMA_LOCK,))
    for statement in _SCHEMA:
        txn.execute(statement)


def _has_table(txn: LoggingTransaction) -> bool:
    """Asked without provoking an error: nobody has stored an entry yet."""
    if isinstance(txn.database_engine, PostgresEngine):
        txn.execute("SELECT 1 WHERE to_regclass('tim_contacts') IS NOT NULL")
    else:
        txn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tim_contacts'")
    return txn.fetchone() is not None
