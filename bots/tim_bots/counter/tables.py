"""What is kept about cases. Everything said, and who said it, is sealed."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Uuid

from tim_bots.database import metadata, sealed

counter_case = Table(
    "counter_case",
    metadata,
    Column("number", Integer, primary_key=True),  # what the staff types
    Column("case_id", Uuid, nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("room_key", String(64), nullable=False),  # keyed hash of the asker's room
    Column("state", String(16), nullable=False),  # states.State
    Column("claimed_by", String(40)),  # key of the member in the configuration
    Column("needs_doctor", Integer, nullable=False),
    Column("is_urgent", Integer, nullable=False),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
    Column("times_overdue", Integer, nullable=False),
    sealed("content", "case_id"),  # JSON, see `book.Content`
    Index("counter_case_of_state", "state", "is_urgent", "opened_at_ms"),
    Index("counter_case_of_room", "room_key", "state"),
    sqlite_autoincrement=True,  # a number is never given twice: an old "!ok 17" must not hit another request
)
