"""The data map: which table of Synapse holds which personal data, and who deletes it."""

import enum
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field, field_validator

from tim_policy.retention_policy import DATA_CLASSES, DIRECTORY
from tim_policy.settings import Settings, load_settings


class DeletedBy(enum.StrEnum):
    """Who deletes the rows of a table."""

    SYNAPSE = "synapse"
    MODULE = "module"
    """By the janitor, after a period of the policy."""
    OWN = "own"
    """One of our own tables, by the code that writes it."""
    KEPT = "kept"


class TableEntry(Settings):
    """One table.

    Args:
        data_class: what its rows are.
        by: who deletes them.
        how: the setting, the event, or why they are kept.
        personal: columns that say, or link to, who did something with whom, when, where or how.
        other: its other columns.
    """

    data_class: str = Field(alias="class")
    by: DeletedBy
    how: str
    personal: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    @field_validator("data_class")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in DATA_CLASSES:
            raise ValueError(f"no data class; known: {', '.join(DATA_CLASSES)}")
        return value


@cache
def data_map() -> Mapping[str, TableEntry]:
    """Every table of the supported versions of Synapse and of tim_synapse, in the order of their names."""
    file = "data_map.yaml"
    data = yaml.safe_load(files("tim_policy").joinpath(DIRECTORY, file).read_bytes())
    return {table: load_settings(TableEntry, entry, f"{file}: {table}") for table, entry in data.items()}


def unmapped(tables: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """What a database has and the map does not know: `table`, or `table.column`.

    Args:
        tables: the database's tables with their columns.
    """
    found = []
    for table, columns in sorted(tables.items()):
        entry = data_map().get(table)
        if entry is None:
            found.append(table)
            continue
        found += [f"{table}.{column}" for column in columns if column not in {*entry.personal, *entry.other}]
    return tuple(found)
