"""Lets this process work for an account while it has the lease, and wait for its turn while another one has it."""

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable

from tim_bots.database import DATABASE_DOWN, Database
from tim_bots.health import Health
from tim_bots.lease import Lease, LeaseLost

logger = logging.getLogger(__name__)

TTL_SECONDS = 30.0
"""A holder that does not renew for so long has lost the account."""

Work = Callable[[Lease], Awaitable[None]]


async def work_in_turn(database: Database, health: Health, work: Work) -> None:
    """Work whenever it is this process' turn, until cancelled.

    Args:
        database: of the account; not fenced.
        health: is told whether it is this process' turn.
        work: runs as long as it can; is cancelled when the lease is lost.

    Raises:
        Whatever `work` raises, but LeaseLost.
    """
    ttl_seconds = TTL_SECONDS
    while True:
        lease = Lease(secrets.token_hex(8), ttl_seconds)
        health.stand_by()
        await _until_taken(database, lease, ttl_seconds / 6)
        health.is_standby = False
        logger.info("account taken component=lease")
        try:
            async with asyncio.TaskGroup() as tasks:
                renewing = tasks.create_task(_keep(database, lease, ttl_seconds / 3))
                await work(lease)
                renewing.cancel()
        except* LeaseLost:
            logger.warning("account lost component=lease")
        finally:
            await _release(database, lease)


async def _until_taken(database: Database, lease: Lease, pause: float) -> None:
    while True:
        try:
            if await database.transaction(lease.take):
                return
        except DATABASE_DOWN as error:
            logger.warning("database failed component=lease error=%s", type(error).__name__)
        await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret


async def _keep(database: Database, lease: Lease, pause: float) -> None:
    """Renew until cancelled.

    Raises:
        LeaseLost: somebody else has it, or the database was away too long to be sure.
    """
    while True:
        await asyncio.sleep(pause)
        try:
            await database.transaction(lease.renew)
        except DATABASE_DOWN as error:
            logger.warning("database failed component=lease error=%s", type(error).__name__)
        lease.require_time_left()


async def _release(database: Database, lease: Lease) -> None:
    try:
        await database.transaction(lease.release)
    except DATABASE_DOWN as error:  # then it ends by itself
        logger.warning("database failed component=lease error=%s", type(error).__name__)
