"""What is kept about conversations. Who and where is a keyed hash, everything said is sealed."""

from sqlalchemy import Column, LargeBinary, String, Table

from tim_bots.database import metadata

conversation = Table(
    "dialogue_conversation",
    metadata,
    Column("room_key", String(64), primary_key=True),
    Column("person_key", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),  # sealed JSON
)

room = Table(
    "dialogue_room",
    metadata,
    Column("room_key", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),  # sealed JSON
)
