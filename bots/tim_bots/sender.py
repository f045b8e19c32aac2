"""Empties the outbox: one task per room, so that a throttled or broken room holds up nobody."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import aiohttp
from sqlalchemy import Connection

from tim_bots.backoff import delays
from tim_bots.database import DATABASE_DOWN, Database
from tim_bots.delivery import Delivery, NotAMember, NotReady
from tim_bots.health import Health
from tim_bots.lease import LeaseLost
from tim_bots.matrix_http import RequestFailed, TokenRevoked
from tim_bots.metrics import SENT
from tim_bots.outbox import Task
from tim_bots.queues import Queues

logger = logging.getLogger(__name__)

ATTEMPTS = 12
"""Failures that are the step's own, after which it is a dead letter: about two minutes."""

_LONGEST_PAUSE = 20.0
_IS_UP = timedelta(minutes=1)
"""A homeserver that answered a sync so recently works."""
_NOT_THE_STEPS_FAULT = (OSError, TimeoutError, aiohttp.ClientError)
_SERVER_ERRORS_IN_BETWEEN = {401, 408, 429, 502, 503, 504}
"""Said by the homeserver about itself, or by a proxy in front of it."""


class Sender:
    """Does what the outbox holds, in the order of each room.

    Args:
        database: of the bot.
        queues: the outbox and where its dead letters go.
        delivery: does one step.
        health: knows whether the homeserver works.
        may_send: called before each attempt; raises when another process has the account.
    """

    def __init__(
        self,
        database: Database,
        queues: Queues,
        delivery: Delivery,
        health: Health,
        may_send: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._queues = queues
        self._delivery = delivery
        self._health = health
        self._may_send = may_send
        self._wake = asyncio.Event()
        self._rooms: set[str] = set()

    def wake(self) -> None:
        """The outbox, or the client's rooms, may have something new."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled.

        Raises:
            TokenRevoked: the token is not valid any more.
            LeaseLost: another process has the account.
        """
        self._wake.set()
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._wake.wait()
                self._wake.clear()
                for room_id in await self._waiting_rooms():
                    if room_id not in self._rooms:
                        self._rooms.add(room_id)
                        tasks.create_task(self._empty(room_id))

    async def _waiting_rooms(self) -> list[str]:
        try:
            return await self._database.transaction(self._queues.outbox.rooms)
        except DATABASE_DOWN as error:
            logger.error("database failed component=sender error=%s", type(error).__name__)
            asyncio.get_running_loop().call_later(_LONGEST_PAUSE, self._wake.set)
            return []

    async def _empty(self, room_id: str) -> None:
        try:
            while task := await self._database.transaction(
                lambda connection: self._queues.outbox.next_task(connection, room_id)
            ):
                await self._finish(task)
        except DATABASE_DOWN as error:
            logger.error("database failed component=sender error=%s", type(error).__name__)
            await asyncio.sleep(_LONGEST_PAUSE)
        finally:
            self._rooms.discard(room_id)
            self._wake.set()

    async def _finish(self, task: Task) -> None:
        """Try until it is done, or given up."""
        attempts = task.attempts
        for pause in delays(first=0.1, longest=_LONGEST_PAUSE):
            try:
                self._may_send()
                await self._delivery.do(task)
            except (TokenRevoked, LeaseLost, *DATABASE_DOWN):
                raise
            except NotReady:
                await asyncio.sleep(pause)  # the next sync brings the room
            except NotAMember as error:
                if task.content.get("is_promised"):  # e.g. to the staff, of whose room the bot is no member (any more)
                    await self._note_failure(task, error, is_dead=True)
                    break
                logger.info("answer dropped component=sender error=NotAMember")
                SENT.labels("nobody_there").inc()
                await self._database.transaction(lambda connection: self._queues.outbox.finish(connection, task.id))
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                attempts += self._is_its_own_fault(error)
                is_dead = attempts >= ATTEMPTS or (isinstance(error, RequestFailed) and error.is_final)
                await self._note_failure(task, error, is_dead=is_dead)
                if is_dead:
                    break
                await asyncio.sleep(_wait(error, pause))
            else:
                SENT.labels("done").inc()
                break
        self._health.retrying.discard(task.id)

    async def _note_failure(self, task: Task, error: Exception, *, is_dead: bool) -> None:
        name = error.errcode if isinstance(error, RequestFailed) and error.errcode else type(error).__name__
        self._health.retrying.add(task.id)
        SENT.labels("dead" if is_dead else "retried").inc()
        logger.warning("send failed component=sender error=%s given_up=%s", name, is_dead)
        if not is_dead and not self._is_its_own_fault(error):
            return

        def work(connection: Connection) -> None:
            self._queues.outbox.note_failure(connection, task.id, name, is_dead=is_dead)
            if is_dead:
                self._queues.dead_letters.tell_operator(connection, f"out-{task.id}", task.room_id, task.action, name)

        await self._database.transaction(work)

    def _is_its_own_fault(self, error: Exception) -> bool:
        """Whether this step fails while others would not: a homeserver that is down makes no dead letters."""
        if isinstance(error, _NOT_THE_STEPS_FAULT):
            return False
        if isinstance(error, RequestFailed) and error.status in _SERVER_ERRORS_IN_BETWEEN:
            return False
        last = self._health.last_sync_at
        return last is not None and datetime.now(UTC) - last < _IS_UP


def _wait(error: Exception, pause: float) -> float:
    """The homeserver's wish, if it is longer than ours."""
    wish = error.retry_after if isinstance(error, RequestFailed) else None
    return max(pause, wish or 0.0)
