"""Posts the counts of structured messages to the client report API, once per interval."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from sqlalchemy import Connection

from tim_bots.database import Database
from tim_bots.structured.usage import begin_period, finish_period, report

logger = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=30)
_OK = 200
_AFTER_FAILURE = timedelta(minutes=15)


class ClientReport:
    """Reports until cancelled; what could not be reported is part of the next report.

    Args:
        database: holds the counts.
        url: base URL of the API, without "/report".
        token: returns the bearer token.
        interval: between two reports.
        clock: returns the current time, timezone-aware.
    """

    def __init__(
        self,
        database: Database,
        url: str,
        token: Callable[[], str],
        interval: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._url = f"{url.rstrip('/')}/report"
        self._token = token
        self._interval = interval
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled."""
        pause = timedelta()
        while True:
            await asyncio.sleep(pause.total_seconds())
            pause = await self.report_if_due()

    async def report_if_due(self) -> timedelta:
        """Report, if the interval is over.

        Returns:
            How long to wait before asking again.
        """
        now = self._clock()
        start = await self._database.transaction(lambda connection: begin_period(connection, now))
        if now < start + self._interval:
            return start + self._interval - now
        body = await self._database.transaction(lambda connection: report(connection, start))
        if not await self._post(body):
            return _AFTER_FAILURE

        def work(connection: Connection) -> None:
            finish_period(connection, body, now)

        await self._database.transaction(work)
        return self._interval

    async def _post(self, body: dict[str, Any]) -> bool:
        headers = {"Authorization": f"Bearer {self._token()}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as http,
                http.post(self._url, json=body, headers=headers, allow_redirects=False) as answer,
            ):
                if answer.status == _OK:
                    return True
                logger.warning("report refused component=report status=%d", answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            logger.warning("report failed component=report error=%s", type(error).__name__)
        return False
