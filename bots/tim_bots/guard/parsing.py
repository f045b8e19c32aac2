"""N1: nio's parsers made total. One event that they trip over would fail the whole sync, again and again.

An `unsigned` that is no object is enough; a homeserver can make one.
"""

import functools
from typing import Any

from nio.events import AccountDataEvent, EphemeralEvent, Event, InviteEvent, ToDeviceEvent, UnknownBadEvent

from tim_bots.crypto_metrics import REFUSED

PARSERS: dict[type, bool] = {
    Event: True,
    ToDeviceEvent: True,
    InviteEvent: False,
    EphemeralEvent: False,
    AccountDataEvent: True,
}
"""nio's classes with a `parse_event`; whether what cannot be parsed becomes an `UnknownBadEvent`, or is left out."""


def install() -> None:
    """Replace the parsers; doing it twice changes nothing."""
    for owner, is_kept in PARSERS.items():
        parse = owner.parse_event  # type: ignore[attr-defined]  # each of them has it
        if not getattr(parse, "is_total", False):
            owner.parse_event = _total(parse, is_kept=is_kept)  # type: ignore[attr-defined]  # see above


def _total(parse: Any, *, is_kept: bool) -> Any:
    @functools.wraps(parse)
    def parse_event(source: Any) -> Any:
        try:
            return parse(source)
        except Exception:  # noqa: BLE001 - strangers choose what fails here
            REFUSED.labels("malformed").inc()
            return UnknownBadEvent(source if isinstance(source, dict) else {}) if is_kept else None

    parse_event.is_total = True  # type: ignore[attr-defined]  # a mark on the function
    return staticmethod(parse_event)
