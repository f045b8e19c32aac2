"""Who a person is, and what they consented to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "person_pin",
        sa.Column("pin_hash", sa.String(64), nullable=False),
        sa.Column("patient", sa.LargeBinary, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("pin_hash", name="pk_person_pin"),
    )
    op.create_table(
        "person_wrong_try",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_wrong_try"),
    )
    op.create_index("ix_person_wrong_try_person_key", "person_wrong_try", ["person_key"])
    op.create_index("ix_person_wrong_try_at_ms", "person_wrong_try", ["at_ms"])
    op.create_table(
        "person_link",
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("patient", sa.LargeBinary, nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("linked_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person_key", name="pk_person_link"),
    )
    op.create_table(
        "person_consent",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("text_version", sa.String(40), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger, nullable=False),
        sa.Column("ends_at_ms", sa.BigInteger, nullable=False),
        sa.Column("resource", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_person_consent"),
    )
    op.create_index("person_consent_of_person", "person_consent", ["person_key", "topic", "number"])
