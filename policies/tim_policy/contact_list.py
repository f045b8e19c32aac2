"""The contact list (Freigabeliste) of TI-M 1.1: whose invites a user wants, from when until when (AF_10061).

JSON of the interface I_TiMessengerContactManagement 1.0.3; times are whole seconds since 1970.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tim_policy.errors import InvalidName, TimError
from tim_policy.names import UserId, parse_user_id
from tim_policy.plain_text import is_plain_text

MAX_CONTACTS = 5_000
"""Entries one user may have; a practice's patients and partners fit in."""

MAX_DISPLAY_NAME = 256
"""Characters, as in Matrix profiles."""

_INT64 = 2**63


class InvalidContact(TimError):
    """A contact does not follow the schema; the text names the field and what was expected, never the value."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One entry.

    Args:
        display_name: 1 to `MAX_DISPLAY_NAME` characters.
        user_id: whose invites are wanted.
        start: first second in which they are.
        end: last one; None: for good.
    """

    display_name: str
    user_id: UserId
    start: int
    end: int | None

    def admits(self, now: float) -> bool:
        """Whether invites are wanted at `now`, in seconds since 1970."""
        return self.start <= now and (self.end is None or now <= self.end)

    def to_json(self) -> dict[str, Any]:
        """The entry as the interface tells it."""
        settings = {"start": self.start} | ({} if self.end is None else {"end": self.end})
        return {"displayName": self.display_name, "mxid": str(self.user_id), "inviteSettings": settings}


def parse_contact(body: object) -> Contact:
    """Read an entry; unknown fields are ignored.

    Args:
        body: JSON of any type.

    Raises:
        InvalidContact: it does not follow the schema.
    """
    if not isinstance(body, Mapping):
        raise InvalidContact("expected a JSON object with displayName, mxid and inviteSettings")
    display_name, settings = body.get("displayName"), body.get("inviteSettings")
    if not isinstance(display_name, str) or not is_plain_text(display_name, MAX_DISPLAY_NAME):
        raise InvalidContact(f"displayName: expected 1 to {MAX_DISPLAY_NAME} characters on one line")
    try:
        user_id = parse_user_id(body.get("mxid"))
    except InvalidName:
        raise InvalidContact("mxid: expected @localpart:server") from None
    if not isinstance(settings, Mapping):
        raise InvalidContact("inviteSettings: expected an object with start and, if it ends, end")
    start = _seconds(settings.get("start"), "start")
    end = None if settings.get("end") is None else _seconds(settings["end"], "end")
    if end is not None and end < start:
        raise InvalidContact("inviteSettings.end: expected a time after start")
    return Contact(display_name, user_id, start, end)


def _seconds(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -_INT64 <= value < _INT64:
        raise InvalidContact(f"inviteSettings.{name}: expected whole seconds since 1970")
    return value
