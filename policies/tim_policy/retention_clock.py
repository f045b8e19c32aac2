"""Whether the clock can be believed: what is deleted because of a wrong clock does not come back."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)
LONGEST_GAP = timedelta(days=7)
"""A homeserver that was off for longer needs a confirmation."""
LONGEST_SILENCE = timedelta(days=60)
"""Only asked the first time, when no earlier run tells the time."""


class ClockFault(enum.StrEnum):
    """Why nothing is deleted; closed set."""

    SET_BACK = "clock_set_back"
    JUMPED_AHEAD = "clock_jumped_ahead"


@dataclass(frozen=True, slots=True)
class ClockEvidence:
    """What is known about the time; all timezone-aware.

    Args:
        now: what the clock says.
        last_seen: the latest time an earlier run saw; None: there was none.
        newest_event: when the newest event was received; None: there is none.
    """

    now: datetime
    last_seen: datetime | None
    newest_event: datetime | None


def clock_fault(evidence: ClockEvidence) -> ClockFault | None:
    """The fault of the clock; None when it can be believed."""
    now = evidence.now
    if any(known is not None and now < known - TOLERANCE for known in (evidence.last_seen, evidence.newest_event)):
        return ClockFault.SET_BACK
    if evidence.last_seen is not None:
        # An event of after the jump proves nothing: it was stamped by the same clock.
        return ClockFault.JUMPED_AHEAD if now - evidence.last_seen > LONGEST_GAP else None
    if evidence.newest_event is not None and now - evidence.newest_event > LONGEST_SILENCE:
        return ClockFault.JUMPED_AHEAD
    return None
