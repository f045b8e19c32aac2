"""Counts are reported once per interval, and none is lost or told twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import web

from tim_bots.database import Database, open_engine
from tim_bots.structured.client_report import ClientReport
from tim_bots.structured.step import FlowStep
from tim_bots.structured.usage import Direction, count_step

STEP = FlowStep("appointment", "offer", UUID(int=1), UUID(int=2))
ENTRY = {"Fachverfahren": "de.tim_suite.appointment", "Version": "v1"}


class Api:
    """The report API, as the homeserver's module serves it."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[Any] = []
        self.tokens: list[str] = []

    async def report(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"])
        if self.status == 200:
            self.taken.append(await request.json())
        return web.Response(status=self.status, headers={"Location": "http://127.0.0.1:1/"})


@asynccontextmanager
async def serving(api: Api) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/base/report", api.report)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/base"
    finally:
        await runner.cleanup()


async def test_what_was_not_taken_is_told_again(tmp_path: Path) -> None:
    api, now = Api(), datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    database = Database(open_engine(tmp_path / "bot.db"))

    async def count(direction: Direction) -> None:
        await database.transaction(lambda connection: count_step(connection, direction, STEP))

    async with serving(api) as url:
        report = ClientReport(database, f"{url}/", lambda: "secret", timedelta(days=1), lambda: now)
        assert await report.report_if_due() == timedelta(days=1)
        await count(Direction.SENT)
        await count(Direction.SENT)
        now += timedelta(hours=23)
        assert await report.report_if_due() == timedelta(hours=1)
        assert api.taken == []
        now += timedelta(hours=1)
        for status in (401, 302, 500):
            api.status = status
            assert await report.report_if_due() == timedelta(minutes=15)
        await count(Direction.RECEIVED)
        api.status = 200
        assert await report.report_if_due() == timedelta(days=1)
        assert api.taken == [
            {
                "start": "2026-11-23T07:00:00.000+00:00",
                "sent": [ENTRY | {"Anzahl": 2}],
                "received": [ENTRY | {"Anzahl": 1}],
            }
        ]
        await count(Direction.SENT)
        now += timedelta(days=1)
        await report.report_if_due()
        assert api.taken[1:] == [{"start": "2026-11-24T07:00:00.000+00:00", "sent": [ENTRY | {"Anzahl": 1}]}]
        now += timedelta(days=1)
        await report.report_if_due()
        assert api.taken[2:] == [{"start": "2026-11-25T07:00:00.000+00:00"}]
        assert set(api.tokens) == {"Bearer secret"}
    now += timedelta(days=1)
    assert await report.report_if_due() == timedelta(minutes=15)  # nobody listens
    database.close()
