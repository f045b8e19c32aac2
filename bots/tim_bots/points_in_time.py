"""Points in time as the database keeps them: Unix milliseconds."""

from datetime import UTC, datetime


def to_ms(moment: datetime) -> int:
    """Unix milliseconds of a timezone-aware moment."""
    return round(moment.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The opposite of `to_ms`, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
