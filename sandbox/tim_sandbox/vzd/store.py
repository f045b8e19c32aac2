"""The directory's resources in SQLite, with indexes for whole values and for parts of words (FTS5, trigrams)."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tim_sandbox.vzd.indexing import PARAMETERS, is_hidden, references, telematik_id, texts, values
from tim_sandbox.vzd.resources import Resource

_SETTINGS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -262144;
"""
"""The cache may hold 256 MiB: loading 100,000 entries would else write the same pages again and again."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
  number INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, owner TEXT, is_hidden INTEGER NOT NULL,
  body TEXT, UNIQUE (type, id)
);
CREATE INDEX IF NOT EXISTS resource_by_owner ON resource (owner, type);
CREATE TABLE IF NOT EXISTS link (
  number INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (number, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_by_target ON link (type, id);
CREATE TABLE IF NOT EXISTS value (
  parameter TEXT NOT NULL, value TEXT NOT NULL, number INTEGER NOT NULL, is_hidden INTEGER NOT NULL,
  PRIMARY KEY (parameter, value, number, is_hidden)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS value_by_number ON value (number);
CREATE TABLE IF NOT EXISTS seeded (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class Store:
    """Resources, kept in one file.

    Every change is made inside `with store:`, which commits at its end, or takes all back on an exception.

    Args:
        path: the database; created when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self.connection.executescript(_SETTINGS + _SCHEMA)
        for kind in PARAMETERS:
            self.connection.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS text_{kind} "
                "USING fts5(name, everybody, professionals, tokenize = 'trigram case_sensitive 1')"
            )

    def __enter__(self) -> Self:
        self.connection.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.connection.execute("COMMIT" if kind is None else "ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def seed(self, name: str, resources: Iterable[Resource]) -> None:
        """Put resources once in the life of the file: what was changed or deleted since stays so."""
        if self.connection.execute("SELECT 1 FROM seeded WHERE name = ?", (name,)).fetchone():
            return
        with self:
            self.load(resources)
            self.connection.execute("INSERT INTO seeded VALUES (?)", (name,))

    def load(self, resources: Iterable[Resource]) -> None:
        """Put many; each must stand behind what it refers to, or it is found by its own values only."""
        for resource in sorted(
            resources, key=lambda one: one["resourceType"] in ("HealthcareService", "PractitionerRole")
        ):
            self._write(resource, owner=telematik_id(resource))

    def put(self, resource: Resource, owner: str | None) -> None:
        """Write a resource and all that is found through it; `owner` is a Telematik-ID."""
        self._write(resource, owner)
        self._index_referrers(resource["resourceType"], resource["id"])

    def delete(self, kind: str, ident: str) -> None:
        """Delete; the id stays taken, see `is_gone`."""
        number = self._number(kind, ident)
        self._unindex(kind, number)
        self.connection.execute("DELETE FROM link WHERE number = ?", (number,))
        self.connection.execute("UPDATE resource SET body = NULL WHERE number = ?", (number,))
        self._index_referrers(kind, ident)

    def get(self, kind: str, ident: str) -> Resource | None:
        """One resource; None: there is none."""
        row = self._row(kind, ident)
        return None if row is None or row[1] is None else dict(json.loads(row[1]))

    def is_gone(self, kind: str, ident: str) -> bool:
        """Whether there was one that has been deleted."""
        row = self._row(kind, ident)
        return row is not None and row[1] is None

    def owner_of(self, kind: str, ident: str) -> str | None:
        """Telematik-ID of the owner; None: nobody's, or unknown."""
        row = self._row(kind, ident)
        return None if row is None else row[0]

    def referrers(self, kind: str, ident: str) -> list[str]:
        """What refers to a resource, as `Type/id`."""
        found = self.connection.execute(
            "SELECT r.type || '/' || r.id FROM link l JOIN resource r USING (number) WHERE l.type = ? AND l.id = ?",
            (kind, ident),
        )
        return [reference for (reference,) in found]

    def organisation(self, telematik_id: str) -> Resource | None:
        """The Organization with this Telematik-ID."""
        row = self.connection.execute(
            "SELECT body FROM resource WHERE type = 'Organization' AND owner = ? AND body IS NOT NULL", (telematik_id,)
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def parts_with(self, address: str) -> set[str]:
        """Types of the entries that an Endpoint address belongs to: HealthcareService, PractitionerRole."""
        found = self.connection.execute(
            "SELECT DISTINCT r.type FROM value v JOIN resource r USING (number) "
            "WHERE v.parameter = 'endpoint.address' AND v.value = ?",
            (address,),
        )
        return {kind for (kind,) in found}

    def _row(self, kind: str, ident: str) -> tuple[str | None, str | None] | None:
        row: tuple[str | None, str | None] | None = self.connection.execute(
            "SELECT owner, body FROM resource WHERE type = ? AND id = ?", (kind, ident)
        ).fetchone()
        return row

    def _number(self, kind: str, ident: str) -> int:
        (number,) = self.connection.execute(
            "SELECT number FROM resource WHERE type = ? AND id = ?", (kind, ident)
        ).fetchone()
        return int(number)

    def _write(self, resource: Resource, owner: str | None) -> None:
        kind, ident = resource["resourceType"], resource["id"]
        body = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
        self.connection.execute(
            "INSERT INTO resource (type, id, owner, is_hidden, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (type, id) "
            "DO UPDATE SET owner = excluded.owner, is_hidden = excluded.is_hidden, body = excluded.body",
            (kind, ident, owner, is_hidden(resource), body),
        )
        number = self._number(kind, ident)
        self.connection.execute("DELETE FROM link WHERE number = ?", (number,))
        self.connection.executemany(
            "INSERT INTO link VALUES (?, ?, ?, ?, ?)",
            [(number, position, name, *_split(target)) for position, (name, target) in enumerate(references(resource))],
        )
        self._index(number, resource)

    def _index(self, number: int, resource: Resource) -> None:
        kind = resource["resourceType"]
        if kind not in PARAMETERS:
            return
        self._unindex(kind, number)
        linked = [
            (name, one) for name, target in references(resource) if (one := self.get(*_split(target))) is not None
        ]
        self.connection.executemany(
            "INSERT OR IGNORE INTO value VALUES (?, ?, ?, ?)",
            [(name, value, number, hidden) for name, value, hidden in values(resource, linked)],
        )
        self.connection.execute(
            f"INSERT INTO text_{kind} (rowid, name, everybody, professionals) VALUES (?, ?, ?, ?)",  # noqa: S608 - of PARAMETERS
            (number, *texts(resource, linked)),
        )

    def _unindex(self, kind: str, number: int) -> None:
        if kind in PARAMETERS:
            self.connection.execute("DELETE FROM value WHERE number = ?", (number,))
            self.connection.execute(f"DELETE FROM text_{kind} WHERE rowid = ?", (number,))  # noqa: S608 - of PARAMETERS

    def _index_referrers(self, kind: str, ident: str) -> None:
        for reference in self.referrers(kind, ident):
            referrer = self.get(*_split(reference))
            if referrer is not None:
                self._index(self._number(*_split(reference)), referrer)


def _split(reference: str) -> tuple[str, str]:
    kind, _, ident = reference.rpartition("/")
    return kind.rpartition("/")[2], ident
