"""A message in the staff's room that stands for a room in which somebody waits: whoever replies to it is invited there.

The room travels in the label of the message, which only this bot's database knows.
"""

from uuid import uuid4

_PREFIX = "wanted"
_LONGEST_LABEL = 255


def wanted_label(room_id: str) -> str | None:
    """A label for a message about this room; None for a room id that is too long to be one."""
    label = f"{_PREFIX} {uuid4().hex[:8]} {room_id}"
    return label if len(label) <= _LONGEST_LABEL else None


def wanted_room(label: str | None) -> str | None:
    """The room that a message with this label is about; None if it is about none."""
    prefix, _, rest = (label or "").partition(" ")
    return rest.partition(" ")[2] or None if prefix == _PREFIX else None
