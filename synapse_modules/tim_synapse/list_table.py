"""The federation list in Synapse's own database: survives restarts, and is how all processes share it.

One row holds the newest list with the OCSP answers and times that belong to it, one row what the processes tell
each other about refreshing. Readers trust neither: they verify what they read.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from synapse.storage.engines import PostgresEngine

from tim_policy.errors import ConfigError

_COMPONENT = "tim_federation_list"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE tim_federation_list (
            id INTEGER PRIMARY KEY,
            revision BIGINT NOT NULL,
            version BIGINT NOT NULL,
            digest TEXT NOT NULL,
            document BYTEA NOT NULL,
            ocsp_answers TEXT NOT NULL,
            confirmed_ts BIGINT NOT NULL,
            checked_ts BIGINT NOT NULL,
            change TEXT NOT NULL
        )""",
        """CREATE TABLE tim_federation_list_refresh (
            id INTEGER PRIMARY KEY,
            requested BIGINT NOT NULL,
            answered BIGINT NOT NULL,
            next_refresh_ts BIGINT,
            outage TEXT
        )""",
        "INSERT INTO tim_federation_list_refresh (id, requested, answered) VALUES (1, 0, 0)",
    ),
)
"""One tuple of statements per schema version, for SQLite and PostgreSQL alike; never changed, only added to."""


class Transaction(Protocol):
    """The part of a DB-API cursor used here; Synapse translates `?` for PostgreSQL."""

    @property
    def rowcount(self) -> int:
        """Rows changed by the last statement."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any:
        """Run one statement."""

    def fetchone(self) -> Any:
        """The next row; None when there is none."""


_PART_BYTES = 1024 * 1024
"""A connection keeps a buffer as large as what ever went through it at once, so a long document goes in parts."""


@dataclass(frozen=True, slots=True)
class ListChange:
    """What the last update changed; `previous_version` None: it was the first list."""

    previous_version: int | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredList:
    """The stored list without its document.

    Args:
        revision: differs after every change of the row.
        version: of the list; a floor for later ones.
        digest: SHA-256 of the document, in hex.
        ocsp_answers: DER.
        confirmed_at: when the source said that the list is the newest.
        checked_at: when the OCSP answers were checked.
        change: see `ListChange`.
    """

    revision: int
    version: int
    digest: str
    ocsp_answers: tuple[bytes, ...]
    confirmed_at: datetime
    checked_at: datetime
    change: ListChange


@dataclass(frozen=True, slots=True)
class Head:
    """Everything but the document.

    Args:
        stored: None: there is no list yet.
        requested, answered: counters of refetches that processes asked for, and that were dealt with.
        next_refresh_at: None: not planned yet.
        outage: why the last refresh failed; None when it did not.
    """

    stored: StoredList | None = None
    requested: int = 0
    answered: int = 0
    next_refresh_at: datetime | None = None
    outage: str | None = None


def migrate(txn: Transaction) -> None:
    """Create or update the tables.

    Raises:
        ConfigError: a newer release of this module wrote them.
    """
    txn.execute("CREATE TABLE IF NOT EXISTS tim_schema_version (component TEXT PRIMARY KEY, version INTEGER NOT NULL)")
    version = _schema_version(txn)
    if version > len(MIGRATIONS):
        raise ConfigError(
            f"table {_COMPONENT}: was written by a newer release (schema {version}, known: {len(MIGRATIONS)}); "
            "update tim_synapse"
        )
    if version == len(MIGRATIONS):
        return
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            txn.execute(statement)
    txn.execute(
        "INSERT INTO tim_schema_version (component, version) VALUES (?, ?)"
        " ON CONFLICT (component) DO UPDATE SET version = excluded.version",
        (_COMPONENT, len(MIGRATIONS)),
    )


def has_tables(txn: Transaction) -> bool:
    """Whether the tables are there, in the schema this release knows; asked without provoking an error."""
    if isinstance(getattr(txn, "database_engine", None), PostgresEngine):
        txn.execute("SELECT 1 WHERE to_regclass('tim_schema_version') IS NOT NULL")
    else:
        txn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tim_schema_version'")
    return txn.fetchone() is not None and _schema_version(txn) == len(MIGRATIONS)


def read_head(txn: Transaction) -> Head:
    """Everything but the document; tables that are not there yet are an empty head."""
    if not has_tables(txn):
        return Head()
    txn.execute("SELECT requested, answered, next_refresh_ts, outage FROM tim_federation_list_refresh WHERE id = 1")
    requested, answered, next_refresh_ts, outage = txn.fetchone()
    txn.execute(
        "SELECT revision, version, digest, ocsp_answers, confirmed_ts, checked_ts, change"
        " FROM tim_federation_list WHERE id = 1"
    )
    row = txn.fetchone()
    next_refresh_at = None if next_refresh_ts is None else _from_ms(next_refresh_ts)
    return Head(None if row is None else _stored(row), requested, answered, next_refresh_at, outage)


def read_document(txn: Transaction, revision: int) -> bytes | None:
    """The document of that revision; None: the row has changed since."""
    parts: list[bytes] = []
    while True:
        txn.execute(
            "SELECT substr(document, ?, ?) FROM tim_federation_list WHERE id = 1 AND revision = ?",
            (len(parts) * _PART_BYTES + 1, _PART_BYTES, revision),
        )
        row = txn.fetchone()
        if row is None:
            return None
        parts.append(bytes(row[0]))
        if len(parts[-1]) < _PART_BYTES:
            return b"".join(parts)


def write_list(txn: Transaction, stored: StoredList, document: bytes) -> bool:
    """Replace the list, unless a newer version is stored; False then. `stored.revision` is not used."""
    # SQLite has no connection to keep a buffer for, and would make text of two joined documents.
    is_remote = isinstance(getattr(txn, "database_engine", None), PostgresEngine)
    first = document[:_PART_BYTES] if is_remote else document
    txn.execute(
        "INSERT INTO tim_federation_list"
        " (id, revision, version, digest, document, ocsp_answers, confirmed_ts, checked_ts, change)"
        " VALUES (1, 1, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET revision = tim_federation_list.revision + 1, version = excluded.version,"
        " digest = excluded.digest, document = excluded.document, ocsp_answers = excluded.ocsp_answers,"
        " confirmed_ts = excluded.confirmed_ts, checked_ts = excluded.checked_ts, change = excluded.change"
        " WHERE excluded.version >= tim_federation_list.version",
        (
            stored.version,
            stored.digest,
            memoryview(first),  # Synapse refuses bytes as a parameter on PostgreSQL
            _answers_text(stored.ocsp_answers),
            _to_ms(stored.confirmed_at),
            _to_ms(stored.checked_at),
            json.dumps([stored.change.previous_version, stored.change.added, stored.change.removed]),
        ),
    )
    if txn.rowcount != 1:
        return False
    for begin in range(len(first), len(document), _PART_BYTES):
        part = memoryview(document[begin : begin + _PART_BYTES])
        txn.execute("UPDATE tim_federation_list SET document = document || ? WHERE id = 1", (part,))
    return True


def write_confirmation(txn: Transaction, stored: StoredList) -> bool:
    """Confirm the stored list anew; False: the row holds another document by now."""
    txn.execute(
        "UPDATE tim_federation_list SET revision = revision + 1, ocsp_answers = ?, confirmed_ts = ?, checked_ts = ?"
        " WHERE id = 1 AND digest = ?",
        (_answers_text(stored.ocsp_answers), _to_ms(stored.confirmed_at), _to_ms(stored.checked_at), stored.digest),
    )
    return txn.rowcount == 1


def write_request(txn: Transaction) -> int:
    """Ask the fetching process for a refetch; `Head.answered` reaches the result when it was dealt with."""
    txn.execute("UPDATE tim_federation_list_refresh SET requested = requested + 1 WHERE id = 1")
    txn.execute("SELECT requested FROM tim_federation_list_refresh WHERE id = 1")
    row = txn.fetchone()
    return int(row[0]) if row else 0


def write_outcome(txn: Transaction, answered: int, next_refresh_at: datetime, outage: str | None) -> None:
    """Tell the other processes how the last refresh went."""
    txn.execute(
        "UPDATE tim_federation_list_refresh SET answered = ?, next_refresh_ts = ?, outage = ? WHERE id = 1",
        (answered, _to_ms(next_refresh_at), outage),
    )


def _schema_version(txn: Transaction) -> int:
    txn.execute("SELECT version FROM tim_schema_version WHERE component = ?", (_COMPONENT,))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _stored(row: Sequence[Any]) -> StoredList:
    revision, version, digest, answers, confirmed_ts, checked_ts, change = row
    previous_version, added, removed = json.loads(change)
    return StoredList(
        revision,
        version,
        digest,
        tuple(base64.b64decode(answer) for answer in json.loads(answers)),
        _from_ms(confirmed_ts),
        _from_ms(checked_ts),
        ListChange(previous_version, tuple(added), tuple(removed)),
    )


def _answers_text(answers: Sequence[bytes]) -> str:
    return json.dumps([base64.b64encode(answer).decode() for answer in answers])


def _from_ms(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _to_ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
