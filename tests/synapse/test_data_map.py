"""A fresh database of this Synapse has no table and no column that the data map does not know."""

import sqlite3
from contextlib import closing

from synapse.storage.database import LoggingDatabaseConnection
from synapse.storage.engines import create_engine
from synapse.storage.prepare_database import prepare_database

from tim_policy.data_map import data_map, unmapped


def fresh_tables() -> dict[str, list[str]]:
    """Tables and columns of a database as Synapse makes it, without those of SQLite itself."""
    engine = create_engine({"name": "sqlite3", "args": {"database": ":memory:"}})
    with closing(sqlite3.connect(":memory:")) as database:
        connection = LoggingDatabaseConnection(
            conn=database,
            engine=engine,
            default_txn_name="tests",
            server_name="allein.tim.test",
        )
        prepare_database(connection, engine, None)
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        return {
            name: [column for _, column, *_ in database.execute(f"PRAGMA table_info({name})")]
            for (name,) in names.fetchall()
        }


def test_every_table_and_column_is_mapped() -> None:
    assert unmapped(fresh_tables()) == (), "say in retention/data_map.yaml what it holds and who deletes it"


def test_most_of_the_map_is_there() -> None:
    """A typing error in the map would otherwise hide behind a table that only another version has."""
    assert len(data_map().keys() - fresh_tables().keys()) <= 5 + sum(table.startswith("tim_") for table in data_map())
