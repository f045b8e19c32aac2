"""A homeserver that starts with a clock that is a year wrong deletes nothing, and goes on when the clock is right."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.retention.month_server import NAME, MonthServer, running_month
from tests.retention.shifted_clock import write_offset
from tests.retention.waiting import until

REPORT = "INSERT INTO user_reports (id, received_ts, target_user_id, user_id, reason) VALUES (?, 1, '', '', '')"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[MonthServer]:
    retention = {"policy": "tim-1.2", "mode": "enforce"}
    directory = tmp_path_factory.mktemp("clock")
    async with running_month(directory, new_base_port(), retention, on_workers=False) as running:
        yield running


@pytest.mark.parametrize(("days", "fault"), [(400, "clock_jumped_ahead"), (-400, "clock_set_back")])
async def test_a_clock_that_is_a_year_wrong_deletes_nothing(server: MonthServer, days: int, fault: str) -> None:
    """Twisted's timers follow the clock: only a start shows one that was set back."""
    number = 1_000 + days
    await server.run()
    await server.sandbox.stop_homeserver(NAME)
    server.query(REPORT, (number,))
    write_offset(server.clock, timedelta(days=days).total_seconds())
    await server.sandbox.start_homeserver(NAME)

    async def is_refused() -> bool:
        return bool((await server.status())["clock_fault"] == fault)

    await until(is_refused)
    there = "SELECT COUNT(*) FROM user_reports WHERE id = ?"
    assert server.query(there, (number,)) == [(1,)]
    await server.sandbox.stop_homeserver(NAME)
    write_offset(server.clock, 0)
    await server.sandbox.start_homeserver(NAME)
    await server.run()
    assert server.query(there, (number,)) == [(0,)]
    assert (await server.status())["clock_fault"] is None
