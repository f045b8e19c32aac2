"""Migrations: what the program makes is what it works with, and what it did not make it leaves alone."""

import importlib
import pkgutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import LargeBinary, MetaData, text

import tim_bots
from tim_bots.database import metadata, open_engine, sealed_columns
from tim_bots.schema import StateUnusable, head

OWN_SEALS = {"data_key.wrapped"}
"""Sealed with the key of the key file, not with the database's."""


def tables_of_the_program() -> MetaData:
    for module in pkgutil.walk_packages(tim_bots.__path__, "tim_bots."):
        if ".migrations." not in module.name:
            importlib.import_module(module.name)
    ours = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        if not table.name.startswith("test_"):
            table.to_metadata(ours)
    return ours


def test_the_migrations_make_the_tables_of_the_program(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "bot.db")
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables_of_the_program()) == []
    engine.dispose()


def test_every_column_of_bytes_is_sealed_and_known_to_the_rotation() -> None:
    tables = tables_of_the_program().sorted_tables
    bytes_columns = {
        str(column) for table in tables for column in table.columns if isinstance(column.type, LargeBinary)
    }
    known = {str(column) for table in tables for column in sealed_columns(table)}
    assert bytes_columns - OWN_SEALS == known


@pytest.mark.parametrize("revision", ["9999", "garbage"])
def test_a_database_that_is_newer_than_the_program_is_refused(tmp_path: Path, revision: str) -> None:
    engine = open_engine(tmp_path / "bot.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()
    with pytest.raises(StateUnusable, match=rf"bot.db has schema {revision}, this program knows up to {head()}"):
        open_engine(tmp_path / "bot.db")


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "bot.db") as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER)")
    with pytest.raises(StateUnusable, match="tables this program did not make"):
        open_engine(tmp_path / "bot.db")
    with sqlite3.connect(tmp_path / "bot.db") as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("schema_version",)]


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bot.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StateUnusable, match="cannot open the database"):
        open_engine(tmp_path / "bot.db")


def test_two_starts_at_the_same_moment_do_not_collide(tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def open_and_close() -> None:
        start.wait()
        open_engine(tmp_path / "bot.db").dispose()

    with ThreadPoolExecutor(4) as threads:
        for opening in [threads.submit(open_and_close) for _ in range(4)]:
            opening.result()
