"""The table of address evidence on both databases Synapse runs on, through Synapse's own cursor."""

from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import create_engine

from tests.workers import require_workers
from tim_policy.names import parse_server_name
from tim_sandbox.processes import Supervisor
from tim_sandbox.workers.postgres import new_postgres, postgres_directory
from tim_synapse.residency_table import AddressEvidence, ResidencyTable

PRAXIS, PFLEGE = parse_server_name("praxis.test"), parse_server_name("pflege.test:8448")


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


@pytest_asyncio.fixture(params=["sqlite3", "psycopg2"])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, new_base_port: Callable[[], int]
) -> AsyncIterator[Database]:
    """An empty database; PostgreSQL as in `worker_federation`."""
    if request.param == "sqlite3":
        yield Database({"name": "sqlite3", "args": {"database": str(tmp_path / "homeserver.db")}})
        return
    require_workers()
    supervisor = Supervisor(tmp_path)
    with postgres_directory() as directory:
        postgres = new_postgres(directory, new_base_port())
        await postgres.start(supervisor)
        try:
            yield Database(postgres.settings())
        finally:
            await supervisor.stop_all()


def evidence(checked_at: int, *countries: str) -> AddressEvidence:
    return AddressEvidence(frozenset(countries), checked_at)


async def test_evidence_is_stored_changed_and_forgotten(database: Database) -> None:
    writer, reader = ResidencyTable(database), ResidencyTable(database)  # type: ignore[arg-type] # see Database
    assert await reader.changed() == []
    await writer.create()
    await writer.create()
    assert await reader.changed() == []

    await writer.write([(PRAXIS, evidence(100, "DE", "US")), (PFLEGE, evidence(100))])
    assert dict(await reader.changed()) == {PRAXIS: evidence(100, "DE", "US"), PFLEGE: evidence(100)}
    assert await reader.changed() == []

    await writer.write([(PRAXIS, evidence(200, "DE"))])
    assert await reader.changed() == [(PRAXIS, evidence(200, "DE"))]

    await writer.forget_before(datetime.fromtimestamp(150, UTC))
    later = ResidencyTable(database)  # type: ignore[arg-type] # see Database
    assert await later.changed() == [(PRAXIS, evidence(200, "DE"))]
