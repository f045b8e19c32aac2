"""Accepts invites: join, then either hand the encrypted room to the flow or explain and leave."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

from nio import AsyncClient
from sqlalchemy import Connection

from tim_bots.backoff import delays
from tim_bots.database import DATABASE_DOWN, Database
from tim_bots.flow import MessageKind
from tim_bots.inbox import Arrival, Entry, Kind, State
from tim_bots.lease import LeaseLost
from tim_bots.matrix_http import RequestFailed, TokenRevoked, call, demand
from tim_bots.messages import say
from tim_bots.outbox import Action, text_content, transaction_id
from tim_bots.queues import Queues

logger = logging.getLogger(__name__)

_AT_ONCE = 5
"""Joining a room on an unreachable server takes minutes; so many of them may do so at a time."""
_ATTEMPTS = 8
_REFUSALS = 6
"""An invite may arrive before the inviter's homeserver has stored it; until then it refuses the join."""
_NOT_FOUND = 404


class Invites:
    """Deals with each invite of the inbox.

    Args:
        notify: called when the inbox or the outbox may have something to be done.
    """

    def __init__(
        self,
        *,
        client: AsyncClient,
        database: Database,
        queues: Queues,
        notify: Callable[[], None],
    ) -> None:
        self._client = client
        self._database = database
        self._inbox = queues.inbox
        self._outbox = queues.outbox
        self._notify = notify
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[int] = set()

    def wake(self) -> None:
        """The inbox got something new."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            TokenRevoked: the token is not valid any more.
        """
        self._wake.set()
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._wake.wait()
                self._wake.clear()
                for entry in await self._open_invites():
                    if entry.id not in self._under_way:
                        self._under_way.add(entry.id)
                        tasks.create_task(self._settle(entry))

    async def _open_invites(self) -> list[Entry]:
        def work(connection: Connection) -> list[Entry]:
            return self._inbox.in_state(connection, [State.READY], Kind.INVITE)

        try:
            return await self._database.transaction(work)
        except DATABASE_DOWN as error:  # disk full, database locked: the next sync asks again
            logger.error("database failed component=invites error=%s", type(error).__name__)
            return []

    async def _settle(self, entry: Entry) -> None:
        try:
            await self._accept_with_patience(entry)
        finally:
            self._under_way.discard(entry.id)

    async def _accept_with_patience(self, entry: Entry) -> None:
        for attempt, pause in zip(range(1, _ATTEMPTS + 1), delays(), strict=False):
            try:
                async with self._slots:
                    await self.accept(entry)
            except (TokenRevoked, LeaseLost):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                if isinstance(error, RequestFailed) and error.is_final and attempt >= _REFUSALS:
                    break  # withdrawn, or the rules of this federation forbid it
                logger.warning("join failed component=invites error=%s retry_s=%.1f", type(error).__name__, pause)
                await asyncio.sleep(pause)
            else:
                return
        logger.warning("invite given up component=invites")
        with suppress(*DATABASE_DOWN):  # then it is tried again later
            await self._database.transaction(lambda connection: self._inbox.finish(connection, entry.id))

    async def accept(self, entry: Entry) -> None:
        """Join and store what follows from it; repeating it after a crash changes nothing.

        Raises:
            RequestFailed: the homeserver refused.
        """
        room = quote(entry.room_id, safe="")
        await demand(self._client, "POST", f"/_matrix/client/v3/rooms/{room}/join", {})
        status, answer = await call(self._client, "GET", f"/_matrix/client/v3/rooms/{room}/state/m.room.encryption")
        if status not in {200, _NOT_FOUND}:
            raise RequestFailed(status, str(answer.get("errcode", "")))
        is_encrypted = status != _NOT_FOUND
        await self._database.transaction(
            lambda connection: self._store_joined(connection, entry, is_encrypted=is_encrypted)
        )
        logger.info("joined component=invites encrypted=%s", is_encrypted)
        self._notify()

    def _store_joined(self, connection: Connection, entry: Entry, *, is_encrypted: bool) -> None:
        if is_encrypted:  # what the flow says to it comes before what was written there meanwhile
            content = {"sender": entry.content["sender"], "kind": MessageKind.ROOM_JOINED, "text": ""}
            joined = Arrival(entry.event_id, entry.room_id, Kind.MESSAGE, State.READY, content)
            self._inbox.replace(connection, entry, joined)
        else:
            text = text_content(say("chassis-room-not-encrypted"), is_notice=True)
            for step, content in ((Action.SEND_PLAIN, text), (Action.LEAVE, {})):
                txn_id = transaction_id(entry.event_id, step)
                self._outbox.add_once(connection, entry.room_id, txn_id, step, content)
            self._inbox.finish(connection, entry.id)
