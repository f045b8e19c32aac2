"""What a transaction asks about tables: whether they are there, and of whom they speak."""

from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import PostgresEngine


def is_there(txn: LoggingTransaction, table: str) -> bool:
    """Whether the database has the table; asked without provoking an error."""
    if isinstance(txn.database_engine, PostgresEngine):
        txn.execute("SELECT 1 WHERE to_regclass(?) IS NOT NULL", (table,))
    else:
        txn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return txn.fetchone() is not None


def localpart(user_id: str) -> str:
    """`anna` of `@anna:praxis.example.de`."""
    return user_id[1:].partition(":")[0]
