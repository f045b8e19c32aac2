"""Several kinds of appointments."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Earlier bookings are of the only kind there was."""
    kind = sa.Column("kind", sa.String(40), nullable=False, server_default="appointment")
    op.add_column("appointment_booking", kind)
