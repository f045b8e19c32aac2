"""The bot's one SQLite database: durable inbox and outbox, account secrets, the flow's own tables."""

import asyncio
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, create_engine, event, insert, select

from tim_policy.errors import TimError

metadata = MetaData()
"""All tables of the process: the chassis' and the flow's."""

SCHEMA_VERSION = 1
"""Raised with each change of a table that exists already."""

_schema_version = Table("schema_version", metadata, Column("version", Integer, nullable=False))

_T = TypeVar("_T")


class StateUnusable(TimError):
    """The state directory or the database in it cannot be used."""


def open_engine(path: Path) -> Engine:
    """Open (or create) the database with all tables of `metadata`.

    Transactions begin as writers, so two connections never deadlock on an upgrade from reader to writer;
    a commit is on the disk when it returns.

    Raises:
        StateUnusable: it was written by another version of this program.
    """
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin_as_writer)
    with engine.begin() as connection:
        metadata.create_all(connection)
        version = connection.scalar(select(_schema_version.c.version))
        if version is None:
            connection.execute(insert(_schema_version).values(version=SCHEMA_VERSION))
        elif version != SCHEMA_VERSION:
            raise StateUnusable(
                f"{path.name} has schema version {version}, this program works with {SCHEMA_VERSION}; "
                "start the program version that wrote it"
            )
    path.chmod(0o600)
    return engine


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not open deferred transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA secure_delete=ON")


def _begin_as_writer(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """Runs pieces of work as transactions, one after the other, off the event loop.

    SQLite has one writer anyway. With a single thread in front of it no transaction ever waits for a lock,
    work is done in the order it was asked for, and neither an fsync nor a slow flow stops the sync loop.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def transaction(self, work: Callable[[Connection], _T]) -> _T:
        """Commit what `work` did, or nothing of it when it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[Connection], _T]) -> _T:
        with self._engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        """Wait for the transaction that is under way and close the file."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()


def prepare_state_dir(state_dir: Path) -> None:
    """Make the directory, readable by its owner only.

    Raises:
        StateUnusable: it cannot be made, or is open to other users.
    """
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = state_dir.stat().st_mode
    except OSError as error:
        raise StateUnusable(f"state_dir: cannot use {state_dir} ({type(error).__name__})") from None
    if mode & 0o077:
        raise StateUnusable(f"state_dir: {state_dir} is open to other users; run: chmod 700 {state_dir}")


def lock_state_dir(state_dir: Path) -> int:
    """Take the lock which keeps a second process off this account's keys; it ends with the process.

    Returns:
        The file descriptor that holds the lock.

    Raises:
        StateUnusable: another process has it.
    """
    descriptor = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StateUnusable(
            f"state_dir: {state_dir} is in use by another process; one account runs in one process only"
        ) from None
    return descriptor
