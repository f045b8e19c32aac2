"""A wrong clock deletes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from tim_policy.retention_clock import ClockEvidence, ClockFault, clock_fault

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
BACK, AHEAD = ClockFault.SET_BACK, ClockFault.JUMPED_AHEAD


@pytest.mark.parametrize(
    ("last_seen", "newest_event", "expected"),
    [
        pytest.param(NOW - HOUR, NOW, None, id="the ordinary case"),
        pytest.param(None, None, None, id="a new homeserver"),
        pytest.param(None, NOW - HOUR, None, id="first run"),
        pytest.param(NOW - HOUR, NOW - 200 * DAY, None, id="a quiet homeserver that runs"),
        pytest.param(NOW - 6 * DAY, None, None, id="off for some days"),
        pytest.param(NOW - 8 * DAY, None, AHEAD, id="off for longer must be confirmed"),
        pytest.param(NOW - YEAR, NOW, AHEAD, id="a year ahead, and an event after it"),
        pytest.param(None, NOW - YEAR, AHEAD, id="a year ahead at the first run"),
        pytest.param(NOW + YEAR, None, BACK, id="a year back"),
        pytest.param(NOW - HOUR, NOW + YEAR, BACK, id="events of the future"),
        pytest.param(None, NOW + HOUR, BACK, id="back at the first run"),
        pytest.param(NOW + timedelta(minutes=4), NOW, None, id="the clock was adjusted"),
    ],
)
def test_the_clock(last_seen: datetime | None, newest_event: datetime | None, expected: ClockFault | None) -> None:
    assert clock_fault(ClockEvidence(NOW, last_seen, newest_event)) is expected
