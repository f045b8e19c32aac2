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

    async def run_db_interaction(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        arguments_of_connection = {key: value for key, value in self._arguments.items() if not key.startswith("cp_")}
        with closing(self._engine.module.connect(**arguments_of_connection)) as connection, connection:
            txn = LoggingTransaction(
                txn=connection.cursor(), name=name, server_name="a.test", database_engine=self._engine
            )
            return function(txn, *arguments)
