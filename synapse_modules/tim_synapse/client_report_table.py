"""What clients reported, as sums by day in Synapse's own database. No user is stored.

A report that is sent once more counts once: what is kept of it for a week is a hash over its text and the token it came
with, which is random and known to nobody but the client.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import PostgresEngine

from tim_policy.client_report import ClientReport

# IF NOT EXISTS: the tables of an earlier start are kept. A later version adds statements, it never edits these.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS tim_client_reports (
        day TEXT NOT NULL,
        direction TEXT NOT NULL,
        procedure_name TEXT NOT NULL,
        version TEXT NOT NULL,
        events BIGINT NOT NULL,
        reports BIGINT NOT NULL,
        PRIMARY KEY (day, direction, procedure_name, version)
    )""",
    """CREATE TABLE IF NOT EXISTS tim_client_report_receipts (
        digest TEXT NOT NULL PRIMARY KEY,
        day TEXT NOT NULL
    )""",
)
_SCHEMA_LOCK = 0x74696D72
"""Of PostgreSQL, where two processes that make the same table at once fail."""

_KEEP_RECEIPTS = timedelta(days=7)
_MAX_PROCEDURES = 1_000
"""Different procedures of one day; what comes beyond is not kept, so that nobody fills the database with names."""

_SUM = """INSERT INTO tim_client_reports (day, direction, procedure_name, version, events, reports)
    VALUES (?, ?, ?, ?, ?, 1)
    ON CONFLICT (day, direction, procedure_name, version) DO UPDATE
    SET events = tim_client_reports.events + excluded.events, reports = tim_client_reports.reports + 1"""


@dataclass(frozen=True, slots=True)
class ReportedSum:
    """The sum of one day.

    Args:
        day: when the reports came in (UTC), as ISO 8601.
        direction: `sent` or `received`.
        procedure, version: as reported.
        events: sum of what was reported.
        reports: how many reports named it.
    """

    day: str
    direction: str
    procedure: str
    version: str
    events: int
    reports: int


class ClientReportTable:
    """Reads and writes the sums; every process does.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api

    async def add(self, report: ClientReport, token: str, text: bytes, today: date) -> bool:
        """Count a report; False when it is a repetition and was counted before.

        Args:
            report: the report.
            token: it came with.
            text: it was sent as.
            today: in UTC.
        """
        digest = hashlib.sha256(token.encode() + b"\0" + text).hexdigest()
        return await self._api.run_db_interaction("tim_client_report", _add, report, digest, today)

    async def sums(self, first: date, last: date) -> Sequence[ReportedSum]:
        """The sums of the days from `first` to `last`."""
        return await self._api.run_db_interaction("tim_client_reports", _read, first, last)


def _add(txn: LoggingTransaction, report: ClientReport, digest: str, today: date) -> bool:
    _make_tables(txn)
    day = today.isoformat()
    txn.execute("DELETE FROM tim_client_report_receipts WHERE day < ?", ((today - _KEEP_RECEIPTS).isoformat(),))
    txn.execute(
        "INSERT INTO tim_client_report_receipts (digest, day) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
        (digest, day),
    )
    if txn.rowcount != 1:
        return False
    txn.execute("SELECT direction, procedure_name, version FROM tim_client_reports WHERE day = ?", (day,))
    known = set(txn.fetchall())
    # In one order in all processes, so that two of them never wait for each other.
    for entry in sorted(report.entries, key=lambda entry: (entry.direction, entry.procedure, entry.version)):
        key = (entry.direction, entry.procedure, entry.version)
        if key in known or len(known) < _MAX_PROCEDURES:
            known.add(key)
            txn.execute(_SUM, (day, *key, entry.count))
    return True


def _read(txn: LoggingTransaction, first: date, last: date) -> list[ReportedSum]:
    if not _has_tables(txn):
        return []
    txn.execute(
        "SELECT day, direction, procedure_name, version, events, reports FROM tim_client_reports"
        " WHERE day >= ? AND day <= ? ORDER BY day, direction, procedure_name, version",
        (first.isoformat(), last.isoformat()),
    )
    return [ReportedSum(*row) for row in txn.fetchall()]


def _make_tables(txn: LoggingTransaction) -> None:
    if _has_tables(txn):
        return
    if isinstance(txn.database_engine, PostgresEngine):
        txn.execute("SELECT pg_advisory_xact_lock(?)", (_SCHEMA_LOCK,))
    for statement in _SCHEMA:
        txn.execute(statement)


def _has_tables(txn: LoggingTransaction) -> bool:
    """Asked without provoking an error: nobody has reported anything yet."""
    if isinstance(txn.database_engine, PostgresEngine):
        txn.execute("SELECT 1 WHERE to_regclass('tim_client_report_receipts') IS NOT NULL")
    else:
        txn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tim_client_report_receipts'")
    return txn.fetchone() is not None
