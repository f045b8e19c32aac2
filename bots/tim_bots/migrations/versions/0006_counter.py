"""The requests at the counter."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "counter_case",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("room_key", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("claimed_by", sa.String(40)),
        sa.Column("needs_doctor", sa.Integer, nullable=False),
        sa.Column("is_urgent", sa.Integer, nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("times_overdue", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_counter_case"),
        sa.UniqueConstraint("case_id", name="uq_counter_case_case_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("counter_case_of_state", "counter_case", ["state", "is_urgent", "opened_at_ms"])
    op.create_index("counter_case_of_room", "counter_case", ["room_key", "state"])
