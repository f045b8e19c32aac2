"""Every table that tim_synapse makes is in the data map, with exactly its columns."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files

from tim_policy.data_map import data_map, unmapped

_STATEMENT = re.compile(r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)\s*\(", re.IGNORECASE)


def statements() -> Iterator[tuple[str, str]]:
    """Name and definition of each table in the module's source."""
    for file in files("tim_synapse").iterdir():
        if not file.name.endswith(".py"):
            continue
        source = file.read_text("utf-8")
        for found in _STATEMENT.finditer(source):
            depth, end = 1, found.end()
            while depth:
                depth += {"(": 1, ")": -1}.get(source[end], 0)
                end += 1
            yield found[1], source[found.start() : end]


def own_tables() -> dict[str, list[str]]:
    """Tables with their columns, as a database makes them."""
    with closing(sqlite3.connect(":memory:")) as database:
        for _, statement in statements():
            database.execute(statement)
        return {
            name: [column for _, column, *_ in database.execute(f"PRAGMA table_info({name})")]
            for name, _ in statements()
        }


def test_every_own_table_and_column_is_mapped() -> None:
    tables = own_tables()
    assert len(tables) >= 12
    assert unmapped(tables) == (), "say in retention/data_map.yaml what it holds and who deletes it"


def test_the_map_has_no_own_table_that_nobody_makes() -> None:
    mapped = {name for name in data_map() if name.startswith("tim_")}
    assert mapped == own_tables().keys()
    for name, columns in own_tables().items():
        assert {*data_map()[name].personal, *data_map()[name].other} == set(columns), name
