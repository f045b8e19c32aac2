"""What the directory said about people."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "directory_role",
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("oids", sa.String, nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person_key", name="pk_directory_role"),
    )
