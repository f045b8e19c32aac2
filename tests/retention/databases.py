"""Empty Synapse databases of both engines, and transactions as Synapse's own."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from synapse.storage.database import LoggingDatabaseConnection, LoggingTransaction
from synapse.storage.engines import create_engine
from synapse.storage.prepare_database import prepare_database

from tests.retention.waiting import until


class Database:
    """A database with Synapse's schema; `args` are those of the driver."""

    def __init__(self, kind: str, args: dict[str, Any]) -> None:
        self.engine = create_engine({"name": kind, "args": args})
        raw: Any = sqlite3.connect(":memory:") if kind == "sqlite3" else self.engine.module.connect(**args)
        self.connection = LoggingDatabaseConnection(
            conn=raw, engine=self.engine, default_txn_name="tests", server_name="allein.tim.test"
        )
        self.engine.on_new_connection(self.connection)
        if kind != "sqlite3":  # Synapse prepares a database in memory as soon as it is opened
            prepare_database(self.connection, self.engine, None)

    @contextmanager
    def transaction(self) -> Iterator[LoggingTransaction]:
        """Commits at the end; rolls back after an exception."""
        cursor = self.connection.cursor(txn_name="tests")
        try:
            yield cursor
        except BaseException:
            self.connection.rollback()
            raise
        else:
            self.connection.commit()
        finally:
            cursor.close()

    def close(self) -> None:
        self.connection.close()


async def until_it_answers(arguments: dict[str, Any]) -> None:
    """Return once PostgreSQL lets one in: it listens before that."""
    engine = create_engine({"name": "psycopg2", "args": arguments})

    async def answers() -> bool:
        try:
            engine.module.connect(**arguments).close()
        except engine.module.OperationalError:
            return False
        return True

    await until(answers)
