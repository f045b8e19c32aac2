"""What is kept about conversations. Who and where is a keyed hash, everything said is sealed."""

from sqlalchemy import Column, String, Table

from tim_bots.database import metadata, sealed

conversation = Table(
    "dialogue_conversation",
    metadata,
    Column("room_key", String(64), primary_key=True),
    Column("person_key", String(64), primary_key=True),
    sealed("state", "room_key", "person_key"),  # JSON
)

room = Table(
    "dialogue_room",
    metadata,
    Column("room_key", String(64), primary_key=True),
    sealed("state", "room_key"),  # JSON
)
