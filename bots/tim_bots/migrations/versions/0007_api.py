"""Which calls of the API were carried out."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "api_call",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("call_hash", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_api_call"),
    )
    op.create_index("ix_api_call_at_ms", "api_call", ["at_ms"])
