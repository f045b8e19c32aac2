"""The audit log in Synapse's own database: every process appends, the chain stays one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy.audit_log import (
    FIRST_PREVIOUS,
    AuditKind,
    Entry,
    Head,
    Occurrence,
    checkpoint_detail,
    next_entry,
    occurrence_of,
)
from tim_policy.errors import ConfigError
from tim_policy.settings import Settings
from tim_synapse.tables import is_there

MODULE = "tim_synapse"
"""The agent of what nobody asked for."""

PRUNED_AT_ONCE = 500
_CHECKPOINT_INTERVAL = timedelta(days=1)
_ASKED_FOR = (AuditKind.RETENTION_POLICY, AuditKind.RETENTION_RUN, AuditKind.FEDERATION_LIST)
"""Kinds of which `newest_detail` is asked."""

# IF NOT EXISTS: the table of an earlier start is kept. A later version adds statements, it never edits these.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS tim_audit (
        number BIGINT NOT NULL PRIMARY KEY,
        body TEXT NOT NULL,
        digest TEXT NOT NULL,
        signature TEXT NOT NULL
    )""",
    "CREATE TABLE IF NOT EXISTS tim_audit_head (id INTEGER PRIMARY KEY, number BIGINT NOT NULL, digest TEXT NOT NULL)",
)


class AuditConfig(Settings):
    """The `audit:` block.

    Args:
        key_file: Ed25519 private key in PEM (`tim audit new-key`), readable by the homeserver only.
    """

    key_file: Path


def load_audit_key(config: AuditConfig) -> Ed25519PrivateKey:
    """Read the key.

    Raises:
        ConfigError: it cannot be read, is of another kind, or others may read it.
    """
    where = "tim_synapse: audit.key_file"
    try:
        if config.key_file.stat().st_mode & 0o077:
            raise ConfigError(f"{where}: others may read {config.key_file}; chmod 600")
        key = load_pem_private_key(config.key_file.read_bytes(), None)
    except OSError as error:
        raise ConfigError(f"{where}: cannot read {config.key_file} ({error.strerror})") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{where}: {config.key_file} is no Ed25519 key without password; see tim audit new-key")
    return key


class Audit:
    """Appends and reads.

    Args:
        api: Synapse's module interface.
        key: signs; None: nothing is logged.
    """

    def __init__(self, api: ModuleApi, key: Ed25519PrivateKey | None) -> None:
        self._api = api
        self._key = key

    @property
    def is_on(self) -> bool:
        """Whether there is a log."""
        return self._key is not None

    async def log(self, kind: AuditKind, agent: str, detail: Mapping[str, Any]) -> None:
        """Append an entry of its own."""
        await self._api.run_db_interaction("tim_audit", self.append, kind, agent, detail)

    def append(self, txn: LoggingTransaction, kind: AuditKind, agent: str, detail: Mapping[str, Any]) -> None:
        """Append an entry together with what it tells about: both happen or none."""
        if self._key is None:
            return
        if not is_there(txn, "tim_audit_head"):
            for statement in _SCHEMA:
                txn.execute(statement)
        txn.execute("INSERT INTO tim_audit_head VALUES (1, 0, ?) ON CONFLICT (id) DO NOTHING", (FIRST_PREVIOUS,))
        # Locks the row: whoever else appends now waits, or is tried again by Synapse.
        txn.execute("UPDATE tim_audit_head SET number = number + 1 WHERE id = 1")
        txn.execute("SELECT number - 1, digest FROM tim_audit_head WHERE id = 1")
        ((number, digest),) = txn.fetchall()
        now = datetime.fromtimestamp(self._api.get_current_time_msec() / 1000, UTC)
        occurrence = Occurrence(kind, now.isoformat(timespec="milliseconds"), agent, detail)
        entry = next_entry(Head(number, digest), occurrence, self._key)
        txn.execute(
            "INSERT INTO tim_audit (number, body, digest, signature) VALUES (?, ?, ?, ?)",
            (entry.number, entry.body, entry.digest, entry.signature),
        )
        txn.execute("UPDATE tim_audit_head SET digest = ? WHERE id = 1", (entry.digest,))

    async def entries(self, after: int, limit: int) -> list[Entry]:
        """The entries after that number, in the order of their numbers."""
        entries: list[Entry] = await self._api.run_db_interaction("tim_audit_read", _read, after, limit)
        return entries

    def prune(self, txn: LoggingTransaction, before: datetime) -> int:
        """Delete the oldest entries, a page at most, and append the checkpoint that says so; how many went.

        At most one checkpoint a day, so that checkpoints do not outnumber what they replace.

        Args:
            txn: everything happens in it or nothing.
            before: entries recorded earlier go.
        """
        if self._key is None or not is_there(txn, "tim_audit_head"):
            return 0
        now = datetime.fromtimestamp(self._api.get_current_time_msec() / 1000, UTC)
        newest = _newest(txn, AuditKind.CHECKPOINT)
        if newest is not None and now - _recorded(newest) < _CHECKPOINT_INTERVAL:
            return 0
        old = list(takewhile(lambda entry: _recorded(entry) < before, _read(txn, 0, PRUNED_AT_ONCE)))
        if not old:
            return 0
        last = old[-1]
        still_asked = {kind: detail for kind in _ASKED_FOR if (detail := newest_detail(txn, kind)) is not None}
        detail = checkpoint_detail(Head(last.number, last.digest), still_asked)
        self.append(txn, AuditKind.CHECKPOINT, MODULE, detail)
        txn.execute("DELETE FROM tim_audit WHERE number <= ?", (last.number,))
        return len(old)


def newest_detail(txn: LoggingTransaction, kind: AuditKind) -> dict[str, Any] | None:
    """What the newest entry of that kind tells, also when it is pruned; None: there was none."""
    if not is_there(txn, "tim_audit_head"):
        return None
    newest = _newest(txn, kind)
    if newest is None and (checkpoint := _newest(txn, AuditKind.CHECKPOINT)) is not None:
        kept = occurrence_of(checkpoint).detail["newest"].get(kind.value)
        return None if kept is None else dict(kept)
    return None if newest is None else dict(occurrence_of(newest).detail)


def _newest(txn: LoggingTransaction, kind: AuditKind) -> Entry | None:
    # Canonical JSON: the kind stands there like this, and nowhere else unescaped.
    txn.execute(
        "SELECT number, body, digest, signature FROM tim_audit WHERE body LIKE ? ORDER BY number DESC LIMIT 1",
        (f'%"kind":"{kind.value}"%',),
    )
    row = txn.fetchone()
    return None if row is None else Entry(*row)


def _recorded(entry: Entry) -> datetime:
    return datetime.fromisoformat(occurrence_of(entry).recorded)


def _read(txn: LoggingTransaction, after: int, limit: int) -> list[Entry]:
    if not is_there(txn, "tim_audit_head"):
        return []
    txn.execute(
        "SELECT number, body, digest, signature FROM tim_audit WHERE number > ? ORDER BY number LIMIT ?",
        (after, limit),
    )
    return [Entry(*row) for row in txn.fetchall()]
