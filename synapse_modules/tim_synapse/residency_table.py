"""The countries of servers' addresses in Synapse's own database, so that restarts and all workers share them.

One process writes (the one that runs background tasks), every process reads what changed since it last looked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import PostgresEngine

from tim_policy.names import ServerName

# IF NOT EXISTS: the table of an earlier start is kept. A later version adds statements, it never edits these.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS tim_server_addresses (
        server_name TEXT NOT NULL PRIMARY KEY,
        countries TEXT NOT NULL,
        checked_ts BIGINT NOT NULL,
        revision BIGINT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS tim_server_addresses_revision ON tim_server_addresses (revision)",
    "CREATE INDEX IF NOT EXISTS tim_server_addresses_checked ON tim_server_addresses (checked_ts)",
)
_NEXT_REVISION = "SELECT COALESCE(MAX(revision), 0) + 1 FROM tim_server_addresses"
_UPSERT = """INSERT INTO tim_server_addresses (server_name, countries, checked_ts, revision) VALUES (?, ?, ?, ?)
    ON CONFLICT (server_name) DO UPDATE
    SET countries = excluded.countries, checked_ts = excluded.checked_ts, revision = excluded.revision"""
_CHANGED = "SELECT server_name, countries, checked_ts, revision FROM tim_server_addresses WHERE revision > ?"


@dataclass(frozen=True, slots=True)
class AddressEvidence:
    """What the addresses of one server told.

    Args:
        countries: see `ResidencyEvidence.address_countries`.
        checked_at: when the name was resolved, in seconds since 1970.
    """

    countries: frozenset[str]
    checked_at: int


class ResidencyTable:
    """Reads and writes `tim_server_addresses`.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api
        self._revision = 0

    async def create(self) -> None:
        """Make the table if it is not there; for the writing process, before anything else."""
        await self._api.run_db_interaction("tim_server_addresses_create", _create)

    async def write(self, evidence: Iterable[tuple[ServerName, AddressEvidence]]) -> None:
        """Store evidence; all of it or nothing."""
        await self._api.run_db_interaction("tim_server_addresses_write", _write, tuple(evidence))

    async def forget_before(self, instant: datetime) -> None:
        """Delete what was checked before `instant`."""
        await self._api.run_db_interaction("tim_server_addresses_forget", _forget, int(instant.timestamp()))

    async def changed(self) -> Sequence[tuple[ServerName, AddressEvidence]]:
        """What was stored since the last call of this process; at first everything."""
        rows = await self._api.run_db_interaction("tim_server_addresses_read", _read, self._revision)
        self._revision = max((revision for *_, revision in rows), default=self._revision)
        return [
            (ServerName(server_name), AddressEvidence(frozenset(countries.split()), checked_at))
            for server_name, countries, checked_at, _ in rows
        ]


def _create(txn: LoggingTransaction) -> None:
    for statement in _SCHEMA:
        txn.execute(statement)


def _write(txn: LoggingTransaction, evidence: Sequence[tuple[ServerName, AddressEvidence]]) -> None:
    txn.execute(_NEXT_REVISION)
    ((revision,),) = txn.fetchall()
    txn.execute_batch(
        _UPSERT,
        [(name, " ".join(sorted(found.countries)), found.checked_at, revision) for name, found in evidence],
    )


def _forget(txn: LoggingTransaction, before: int) -> None:
    txn.execute("DELETE FROM tim_server_addresses WHERE checked_ts < ?", (before,))


def _read(txn: LoggingTransaction, revision: int) -> list[tuple[str, str, int, int]]:
    """Nothing, as long as the writing process has not made the table: asked without provoking an error."""
    if isinstance(txn.database_engine, PostgresEngine):
        txn.execute("SELECT 1 WHERE to_regclass('tim_server_addresses') IS NOT NULL")
    else:
        txn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tim_server_addresses'")
    if txn.fetchone() is None:
        return []
    txn.execute(_CHANGED, (revision,))
    return list(txn.fetchall())
