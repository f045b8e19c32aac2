"""A PostgreSQL for bots, and a fresh schema of it for each test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import URL

from tests.workers import require_workers
from tim_bots.state import schema_of
from tim_sandbox.processes import Supervisor
from tim_sandbox.workers.postgres import Postgres, new_postgres, postgres_directory


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[Postgres]:
    require_workers()
    supervisor = Supervisor(tmp_path_factory.mktemp("bots-postgres"))
    with postgres_directory() as directory:
        postgres = new_postgres(directory, new_base_port())
        await postgres.start(supervisor)
        try:
            yield postgres
        finally:
            await supervisor.stop_all()


@pytest.fixture
def database_config(postgres: Postgres, tmp_path: Path) -> dict[str, str]:
    """The database keys of `bot.yaml`."""
    password = tmp_path / "database-password"
    password.touch(mode=0o600)
    password.write_text(postgres.password)
    url = f"postgresql://synapse@127.0.0.1:{postgres.port}/postgres"
    return {"database_url": url, "database_password_file": str(password)}


@pytest.fixture
def place(postgres: Postgres) -> URL:
    """A schema that nobody has used."""
    return URL.create(
        "postgresql+psycopg2",
        "synapse",
        postgres.password,
        "127.0.0.1",
        postgres.port,
        "postgres",
        {"schema": schema_of(f"@{uuid4().hex}:a.test")},
    )
