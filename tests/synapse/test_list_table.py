"""The stored list under two writers at once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tim_synapse.list_table import (
    Head,
    ListChange,
    StoredList,
    migrate,
    read_document,
    read_head,
    write_confirmation,
    write_list,
    write_outcome,
    write_request,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEVEN = StoredList(0, 7, "seven", (b"\x00answer",), NOW, NOW, ListChange(6, ("a.test",), ("b.test",)))
EIGHT = replace(SEVEN, version=8, digest="eight")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Two connections to one database with the tables."""
    path = tmp_path / "homeserver.db"
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(path)) as other:
        migrate(one.cursor())
        one.commit()
        yield one, other


def test_without_tables_there_is_nothing_and_no_error() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        assert read_head(connection.cursor()) == Head()


def test_what_one_writes_the_other_reads(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    one, other = two
    assert write_list(one.cursor(), SEVEN, b"document")
    one.commit()
    stored = read_head(other.cursor()).stored
    assert stored == replace(SEVEN, revision=1)
    assert read_document(other.cursor(), 1) == b"document"
    assert read_document(other.cursor(), 2) is None


def test_of_two_writers_the_newer_list_stays(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    one, other = two
    assert write_list(one.cursor(), EIGHT, b"newer")
    one.commit()
    assert not write_list(other.cursor(), SEVEN, b"older")
    other.commit()
    assert read_document(one.cursor(), 1) == b"newer"


def test_a_confirmation_of_a_replaced_list_is_lost(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    one, other = two
    write_list(one.cursor(), SEVEN, b"document")
    one.commit()
    write_list(other.cursor(), EIGHT, b"newer")
    other.commit()
    assert not write_confirmation(one.cursor(), SEVEN)
    assert write_confirmation(one.cursor(), EIGHT)


def test_two_writers_who_migrate_do_so_once(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    one, other = two
    for connection in (other, one):
        migrate(connection.cursor())
        connection.commit()
    assert read_head(one.cursor()) == Head()


def test_requests_are_counted_and_answered(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    one, other = two
    assert write_request(one.cursor()) == 1
    one.commit()
    assert write_request(other.cursor()) == 2
    write_outcome(other.cursor(), 2, NOW, "the source is down")
    other.commit()
    assert read_head(one.cursor()) == Head(None, 2, 2, NOW, "the source is down")
