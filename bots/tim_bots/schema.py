"""Brings the database's tables up to date when the program starts (alembic; the steps stand in `migrations/`)."""

import functools
import hashlib
import re
from importlib.resources import as_file, files

from sqlalchemy import Connection, Engine, inspect, text

from tim_policy.errors import TimError

_REVISION_TABLE = "alembic_version"
_NAMES = re.compile(r'^revision = "(\w+)"\ndown_revision = (None|"\w+")$', re.MULTILINE)


class StateUnusable(TimError):
    """The state directory or the database cannot be used."""


class DatabaseAway(StateUnusable):
    """The database does not answer now; it may do so later."""


def upgrade(engine: Engine, name: str) -> None:
    """Run what is missing, in one transaction and under a lock, so that two starts do not collide.

    Args:
        engine: of the database.
        name: how the database is called in messages.

    Raises:
        StateUnusable: a newer version of the program, or another program, wrote it.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            make_schema(connection, str(connection.scalar(text("SELECT current_setting('search_path')"))))
        _upgrade(connection, name)


def head() -> str:
    """The revision this program works with."""
    return _known_revisions()[0]


def revision_of(connection: Connection) -> str | None:
    """The revision of a database; None: it has no tables of this program."""
    if not inspect(connection).has_table(_REVISION_TABLE):
        return None
    revision: str | None = connection.scalar(text(f"SELECT version_num FROM {_REVISION_TABLE}"))  # noqa: S608 - a constant
    return revision


def _upgrade(connection: Connection, name: str) -> None:
    revision = revision_of(connection)
    newest, *older = _known_revisions()
    if revision == newest:
        return
    if revision is None and set(inspect(connection).get_table_names()) - {_REVISION_TABLE}:
        raise StateUnusable(
            f"{name} holds tables this program did not make; point state_dir or database_url at an empty place"
        )
    if revision is not None and revision not in older:
        raise StateUnusable(
            f"{name} has schema {revision}, this program knows up to {newest}; "
            "start the program version that wrote it, or a newer one"
        )
    from alembic import command  # noqa: PLC0415 - 16 MiB that a start without a migration does not need
    from alembic.config import Config  # noqa: PLC0415 - see above

    with as_file(files("tim_bots") / "migrations") as directory:
        config = Config()
        config.set_main_option("script_location", str(directory).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def make_schema(connection: Connection, schema: str) -> None:
    """Make a PostgreSQL schema, unless it is there; two processes that do so at the same time wait for each other."""
    lock = int.from_bytes(hashlib.sha256(f"tim_bots {schema}".encode()).digest()[:8], "big", signed=True)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
    quoted = connection.dialect.identifier_preparer.quote(schema)
    if connection.scalar(text("SELECT to_regnamespace(:schema)"), {"schema": quoted}) is None:
        connection.execute(text(f"CREATE SCHEMA {quoted}"))


@functools.cache
def _known_revisions() -> tuple[str, ...]:
    """All revisions, the newest first; read from the scripts, each of which names the one before."""
    scripts = [
        path.read_text(encoding="utf-8")
        for path in (files("tim_bots") / "migrations" / "versions").iterdir()
        if path.name.endswith(".py")
    ]
    after = {before: revision for script in scripts for revision, before in _NAMES.findall(script)}
    revisions = []
    revision = after.get("None")
    while revision is not None:
        revisions.append(revision)
        revision = after.get(f'"{revision}"')
    return tuple(reversed(revisions))
