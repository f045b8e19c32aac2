"""All tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _make_chassis()
    _make_appointments()


def _make_chassis() -> None:
    op.create_table(
        "data_key",
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("purpose", name="pk_data_key"),
    )
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lease"),
    )
    op.execute("INSERT INTO lease (id, holder, epoch, expires_at_ms) VALUES (1, '', 0, 0)")
    op.create_table(
        "account",
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("device_id", sa.String, nullable=False),
        sa.Column("access_token", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_account"),
    )
    op.create_table(
        "cross_signing",
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("seeds", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_cross_signing"),
    )
    _make_queues()


def _make_queues() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("event_id", sa.String, nullable=False),
        sa.Column("room_id", sa.String, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before_ms", sa.BigInteger, nullable=False),
        sa.Column("error", sa.String(64)),
        sa.Column("content", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("event_id", name="uq_inbox_event_id"),
    )
    op.create_index("ix_inbox_state_id", "inbox", ["state", "id"])
    op.create_index("ix_inbox_room_id_state", "inbox", ["room_id", "state"])
    op.create_table(
        "sync_position",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("next_batch", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sync_position"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("room_id", sa.String, nullable=False),
        sa.Column("transaction_id", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.String(64)),
        sa.Column("is_dead", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("transaction_id", name="uq_outbox_transaction_id"),
    )
    op.create_index("ix_outbox_room_id", "outbox", ["room_id"])
    op.create_table(
        "labelled_event",
        sa.Column("room_id", sa.String, nullable=False),
        sa.Column("label", sa.String(255), nullable=False),
        sa.Column("event_id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "label", name="pk_labelled_event"),
    )
    op.create_index("ix_labelled_event_event_id", "labelled_event", ["event_id"])
    op.create_table(
        "timer",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("room_id", sa.String, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("due_at_ms", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timer"),
        sa.UniqueConstraint("room_id", "key", name="uq_timer_room_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_timer_due_at_ms", "timer", ["due_at_ms"])


def _make_appointments() -> None:
    op.create_table(
        "dialogue_conversation",
        sa.Column("room_key", sa.String(64), nullable=False),
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("room_key", "person_key", name="pk_dialogue_conversation"),
    )
    op.create_table(
        "dialogue_room",
        sa.Column("room_key", sa.String(64), nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("room_key", name="pk_dialogue_room"),
    )
    op.create_table(
        "appointment_booking",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("room_key", sa.String(64), nullable=False),
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("who", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_appointment_booking"),
        sa.UniqueConstraint("id", name="uq_appointment_booking_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("appointment_booking_of_person", "appointment_booking", ["room_key", "person_key", "starts_at"])
    op.create_table(
        "appointment_booking_unit",
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("unit_start", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("booking_number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("resource", "unit_start", name="pk_appointment_booking_unit"),
        sa.ForeignKeyConstraint(
            ["booking_number"],
            ["appointment_booking.number"],
            name="fk_appointment_booking_unit_booking_number",
        ),
    )
    op.create_index("ix_appointment_booking_unit_booking_number", "appointment_booking_unit", ["booking_number"])
