"""The bot's database: durable inbox and outbox, account secrets, the flow's own tables.

SQLite in the state directory, or PostgreSQL, where each bot has a schema of its own.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Column, Connection, Engine, LargeBinary, MetaData, Table, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from tim_bots.schema import DatabaseAway, StateUnusable, make_schema, upgrade

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables of the process: the chassis' and the flow's."""

DATABASE_DOWN = (OperationalError, InterfaceError)
"""Disk full, database locked, server away: not the message's fault, and worth another attempt."""

_T = TypeVar("_T")


def sealed(name: str, *row: str, nullable: bool = False) -> Column[bytes]:
    """A column of bytes that `Cipher.seal` made, so that `tim bot rotate-key` finds it.

    Args:
        name: of the column.
        row: columns of the same table whose values were given as `row` when sealing.
        nullable: whether the value may be absent.
    """
    return Column(name, LargeBinary, nullable=nullable, info={"row": row}, comment="sealed")


def sealed_columns(table: Table) -> Iterator[Column[bytes]]:
    """The columns that `sealed` made."""
    return (column for column in table.columns if "row" in column.info)


def open_engine(where: Path | URL) -> Engine:
    """Open the database, create it if need be, and bring its tables up to date.

    SQLite: transactions begin as writers, so two connections never deadlock on an upgrade from reader to writer;
    a commit is on the disk when it returns.

    Args:
        where: the file of an SQLite database, or the URL of a PostgreSQL database with `schema` in its query.

    Raises:
        StateUnusable: it was written by a newer version of this program or by something else, or cannot be reached.
    """
    if isinstance(where, Path):
        with _alone_in(where.parent):  # SQLite does not wait for who makes the file at the same moment
            engine = _upgraded(_sqlite(where), where.name)
            where.chmod(0o600)
        return engine
    return _upgraded(_postgres(where), "database_url")


def new_engine(where: Path | URL) -> Engine:
    """The same without touching the tables, for looking only; nothing is opened yet."""
    return _sqlite(where) if isinstance(where, Path) else _postgres(where)


def _upgraded(engine: Engine, name: str) -> Engine:
    try:
        upgrade(engine, name)
    except DBAPIError as error:
        engine.dispose()
        fault = DatabaseAway if isinstance(error, DATABASE_DOWN) else StateUnusable
        raise fault(f"cannot open the database ({type(error.orig).__name__})") from None
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_as_writer)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not open deferred transactions of its own
    for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_as_writer(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgres(url: URL) -> Engine:
    """Of the query of `url`: `schema`, and `also`, a second schema in which names are looked up."""
    schemas = [str(url.query[name]) for name in ("schema", "also") if name in url.query]
    settings = {
        "search_path": ",".join(schemas),
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "15s",  # a frozen process must not hold up its successor
        "synchronous_commit": "on",
    }
    arguments = {
        "options": " ".join(f"-c{name}={value}" for name, value in settings.items()),
        "application_name": "tim-bot",
        "connect_timeout": 10,
        "keepalives_idle": 10,
        "tcp_user_timeout": 20_000,
    }
    plain = url.difference_update_query(["schema", "also"])
    return create_engine(plain, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)


def open_shared_keys(url: URL, tables: MetaData, fence: Callable[[Connection], None] | None) -> Engine:
    """Open the crypto store of hosts that share an account: a schema of its own beside the account's.

    Args:
        url: as for `open_engine`.
        tables: of the crypto store.
        fence: called first in each transaction; None: for a command, which has claimed the account.
    """
    schema = str(url.query["schema"])
    engine = _postgres(url.update_query_dict({"schema": f"{schema}_keys", "also": schema}))
    with engine.begin() as connection:
        make_schema(connection, f"{schema}_keys")
        tables.create_all(connection)
    if fence is not None:
        event.listen(engine, "begin", fence)
    return engine


class Database:
    """Runs pieces of work as transactions, one after the other, off the event loop.

    SQLite has one writer anyway. With a single thread in front of it no transaction ever waits for a lock,
    work is done in the order it was asked for, and neither an fsync nor a slow flow stops the sync loop.

    Args:
        engine: from `open_engine`.
        fence: called first in each transaction; raises if this process must not write any more.
    """

    def __init__(self, engine: Engine, fence: Callable[[Connection], None] = lambda _connection: None) -> None:
        self._engine = engine
        self._fence = fence
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def transaction(self, work: Callable[[Connection], _T]) -> _T:
        """Commit what `work` did, or nothing of it when it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[Connection], _T]) -> _T:
        with self._engine.begin() as connection:
            self._fence(connection)
            return work(connection)

    def close(self) -> None:
        """Wait for the transaction that is under way."""
        self._thread.shutdown(wait=True)


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
