"""Which requests were handed over."""

from sqlalchemy import BigInteger, Column, Integer, Table

from tim_bots.database import metadata

handed_over = Table(
    "pvs_handed_over",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
)
