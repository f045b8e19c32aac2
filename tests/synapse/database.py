"""The databases that Synapse runs on, through its own cursor."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import create_engine


class Database:
    """Stands for the module interface: each interaction is one transaction on a connection of its own."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._engine = create_engine(settings)
        self._arguments = settings["args"]

    async def is_ready(self) -> bool:
        """Whether it takes connections; PostgreSQL listens a little earlier."""
        try:
            await self.run_db_interaction("ready", lambda txn: txn.execute("SELECT 1"))
        except self._engine.module.OperationalError:
            return False
        return True

    async def run_db_interaction(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        arguments_of_connection = {key: value for key, value in self._arguments.items() if not key.startswith("cp_")}
        with closing(self._engine.module.connect(**arguments_of_connection)) as connection, connection:
            txn = LoggingTransaction(
                txn=connection.cursor(), name=name, server_name="a.test", database_engine=self._engine
            )
            return function(txn, *arguments)
