"""Walks through one table of `retention_sweeps`, a page of rows at a time, so that no transaction looks at more.

A page is in the order of the sweep's `keys`; where it ended is where the next one begins.
"""
# ruff: noqa: S608 - the statements are put together from the literals of `retention_sweeps`

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synapse.storage.database import LoggingTransaction
from synapse.storage.engines import PostgresEngine

from tim_policy.data_map import data_map
from tim_synapse.retention_sweeps import Given, Sweep

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a sweep.

    Args:
        due: keys of rows to delete.
        end: keys of its last row; None: the table ends here.
    """

    due: Sequence[Key]
    end: Key | None


def read_page(txn: LoggingTransaction, sweep: Sweep, values: Mapping[Given, Any], after: Key | None, rows: int) -> Page:
    """Look at the next page; rows of a room under legal hold are never due.

    Args:
        txn: of either engine.
        sweep: which table.
        values: for `sweep.given`.
        after: the end of the page before; None: begin.
        rows: length of the page.
    """
    columns = ", ".join(sweep.keys)
    where, start = "", ()
    if after is not None:
        where = f" WHERE ({columns}) > ({', '.join('?' * len(after))})"
        start = tuple(after)
    paged = f"FROM {sweep.table}{where} ORDER BY {columns}"
    txn.execute(f"SELECT {columns} {paged} LIMIT 1 OFFSET ?", (*start, rows - 1))
    end = txn.fetchone()
    given = tuple(values[given] for given in sweep.given)
    txn.execute(
        f"SELECT DISTINCT {columns} FROM (SELECT * {paged} LIMIT ?) t"
        f" WHERE ({with_functions(txn, sweep.due)}){_not_held(sweep.table)}",
        (*start, rows, *given),
    )
    return Page([tuple(row) for row in txn.fetchall()], None if end is None else tuple(end))


def delete(txn: LoggingTransaction, sweep: Sweep, keys: Sequence[Key]) -> int:
    """Delete (or empty) the rows with these keys; the number of rows of `sweep.table`."""
    changed = 0
    for begin in range(0, len(keys), _PARAMETER_ROWS):
        part = keys[begin : begin + _PARAMETER_ROWS]
        for table, column in sweep.also:
            firsts = sorted({key[0] for key in part})
            txn.execute(f"DELETE FROM {table} WHERE {column} IN ({', '.join('?' * len(firsts))})", firsts)
        row = f"({', '.join('?' * len(sweep.keys))})"
        verb = f"DELETE FROM {sweep.table}"
        if sweep.empties:
            verb = f"UPDATE {sweep.table} SET {', '.join(f'{column} = NULL' for column in sweep.empties)}"
        txn.execute(
            f"{verb} WHERE ({', '.join(sweep.keys)}) IN (VALUES {', '.join([row] * len(part))})",
            [value for key in part for value in key],
        )
        changed += txn.rowcount
    return changed


def _not_held(table: str) -> str:
    entry = data_map()[table]
    if "room_id" not in {*entry.personal, *entry.other}:
        return ""
    return " AND NOT EXISTS (SELECT 1 FROM tim_retention_hold h WHERE h.room_id = t.room_id)"


_PARAMETER_ROWS = 500
"""Keys per statement: SQLite takes a limited number of parameters."""


def with_functions(txn: LoggingTransaction, sql: str) -> str:
    """Put in the functions that the engines name differently."""
    is_postgres = isinstance(txn.database_engine, PostgresEngine)
    position = "strpos" if is_postgres else "instr"
    while "{server_of}(" in sql:
        before, _, rest = sql.partition("{server_of}(")
        argument, _, after = rest.partition(")")
        sql = f"{before}substr({argument}, {position}({argument}, ':') + 1){after}"
    return sql


_ORDERING_BEFORE = """
WITH RECURSIVE search(low, high) AS (
    SELECT CAST(0 AS BIGINT), CAST(COALESCE(MAX(stream_ordering), 0) AS BIGINT) FROM events
  UNION ALL
    SELECT
        CASE WHEN (SELECT e.received_ts FROM events e WHERE e.stream_ordering >= (low + high + 1) / 2
                   ORDER BY e.stream_ordering LIMIT 1) < ? THEN (low + high + 1) / 2 ELSE low END,
        CASE WHEN (SELECT e.received_ts FROM events e WHERE e.stream_ordering >= (low + high + 1) / 2
                   ORDER BY e.stream_ordering LIMIT 1) < ? THEN high ELSE (low + high + 1) / 2 - 1 END
    FROM search WHERE low < high
)
SELECT low FROM search WHERE low = high
"""


def ordering_before(txn: LoggingTransaction, before_ms: int) -> int:
    """The newest stream_ordering whose event was received before `before_ms`; 0: none was. One query, by bisection."""
    txn.execute(_ORDERING_BEFORE, (before_ms, before_ms))
    ((found,),) = txn.fetchall()
    return int(found)
