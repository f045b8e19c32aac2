"""Which calls were carried out, so that one that is repeated is answered and not carried out again."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from tim_bots.database import metadata, sealed

api_call = Table(
    "api_call",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("call_hash", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("status", Integer, nullable=False),
    sealed("answer", "key_hash"),
)
