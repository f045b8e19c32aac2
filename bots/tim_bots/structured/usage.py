"""How many structured messages were sent and received per procedure since the last report."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, delete, insert, select, update

from tim_bots.database import metadata
from tim_bots.structured.step import VERSION, FlowStep
from tim_bots.structured.validation import Schema, require_valid

_usage = Table(
    "structured_usage",
    metadata,
    Column("direction", String(8), primary_key=True),
    Column("procedure", String(128), primary_key=True),
    Column("version", String(16), primary_key=True),
    Column("count", Integer, nullable=False),
)
_period = Table(
    "structured_usage_period",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("start_ms", BigInteger, nullable=False),
)


class Direction(enum.StrEnum):
    """Names of the lists in the report."""

    SENT = "sent"
    RECEIVED = "received"


def count_step(connection: Connection, direction: Direction, step: FlowStep) -> None:
    """One more, in the transaction that handles or decides it."""
    row = {"direction": direction, "procedure": step.procedure, "version": f"v{VERSION}"}
    changed = connection.execute(update(_usage).filter_by(**row).values(count=_usage.c.count + 1))
    if changed.rowcount == 0:
        connection.execute(insert(_usage).values(**row, count=1))


def begin_period(connection: Connection, now: datetime) -> datetime:
    """When the counting began; now, if it has not yet."""
    start = connection.scalar(select(_period.c.start_ms))
    if start is not None:
        return datetime.fromtimestamp(start / 1000, now.tzinfo)
    connection.execute(insert(_period).values(id=1, start_ms=round(now.timestamp() * 1000)))
    return now


def report(connection: Connection, start: datetime) -> dict[str, Any]:
    """The body of a report (client report API 1.0.0).

    Raises:
        NotValid: does not fit the schema.
    """
    body: dict[str, Any] = {"start": start.isoformat(timespec="milliseconds")}
    for row in connection.execute(select(_usage).order_by(_usage.c.procedure, _usage.c.version)):
        entry = {"Fachverfahren": row.procedure, "Version": row.version, "Anzahl": row.count}
        body.setdefault(row.direction, []).append(entry)
    require_valid(Schema.CLIENT_REPORT, body)
    return body


def finish_period(connection: Connection, reported: dict[str, Any], now: datetime) -> None:
    """The report was taken: what it counted is not counted again."""
    for direction in Direction:
        for entry in reported.get(direction, []):
            row = {"direction": direction, "procedure": entry["Fachverfahren"], "version": entry["Version"]}
            left = update(_usage).filter_by(**row).values(count=_usage.c.count - entry["Anzahl"])
            connection.execute(left)
    connection.execute(delete(_usage).where(_usage.c.count <= 0))
    connection.execute(update(_period).values(start_ms=round(now.timestamp() * 1000)))
