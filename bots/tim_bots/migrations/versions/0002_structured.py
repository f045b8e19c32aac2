"""Structured data: which messages were taken, and how many of each procedure."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "structured_seen",
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("msg_id", sa.String(36), nullable=False),
        sa.Column("seen_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person_key", "msg_id", name="pk_structured_seen"),
    )
    op.create_index("ix_structured_seen_seen_at_ms", "structured_seen", ["seen_at_ms"])
    op.create_table(
        "structured_usage",
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("procedure", sa.String(128), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("direction", "procedure", "version", name="pk_structured_usage"),
    )
    op.create_table(
        "structured_usage_period",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_structured_usage_period"),
    )
