"""Empties the outbox: one task per room, so that a throttled or broken room holds up nobody."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from nio.crypto.attachments import encrypt_attachment
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from tim_bots.backoff import delays
from tim_bots.database import Database
from tim_bots.flow import MessageKind
from tim_bots.guard import GuardedClient
from tim_bots.health import Health
from tim_bots.inbox import Arrival, Inbox, Kind, State
from tim_bots.matrix_http import RequestFailed, TokenRevoked, call, demand, is_final, ok, upload
from tim_bots.outbox import Action, Outbox, Task, edited, file_bytes

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 20.0
_REFUSED = 300


class NotReady(Exception):
    """The room has not come with a sync yet, or is not known to be encrypted."""


class Sender:
    """Does what the outbox holds, in the order of each room.

    Args:
        inbox: takes what became of an invite.
        notify: called when the inbox got something new.
    """

    def __init__(
        self,
        client: GuardedClient,
        database: Database,
        outbox: Outbox,
        health: Health,
        *,
        inbox: Inbox,
        notify: Callable[[], None],
    ) -> None:
        self._client = client
        self._database = database
        self._outbox = outbox
        self._health = health
        self._inbox = inbox
        self._notify = notify
        self._wake = asyncio.Event()
        self._rooms: set[str] = set()

    def wake(self) -> None:
        """The outbox, or the client's rooms, may have something new."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled.

        Raises:
            TokenRevoked: the token is not valid any more.
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
            return await self._database.transaction(self._outbox.rooms)
        except OperationalError as error:  # disk full, database locked
            logger.error("database failed component=sender error=%s", type(error).__name__)
            asyncio.get_running_loop().call_later(_LONGEST_PAUSE, self._wake.set)
            return []

    async def _empty(self, room_id: str) -> None:
        try:
            while task := await self._database.transaction(
                lambda connection: self._outbox.next_task(connection, room_id)
            ):
                await self._finish(task)
        except OperationalError as error:  # disk full, database locked
            logger.error("database failed component=sender error=%s", type(error).__name__)
            await asyncio.sleep(_LONGEST_PAUSE)
        finally:
            self._rooms.discard(room_id)
            self._wake.set()

    async def _finish(self, task: Task) -> None:
        for pause in delays(first=0.1, longest=_LONGEST_PAUSE):
            try:
                await self.do(task)
            except (TokenRevoked, OperationalError):
                raise
            except NotReady:
                await asyncio.sleep(pause)  # the next sync brings the room
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                if isinstance(error, RequestFailed) and error.is_final:
                    # no member any more, or refused for good: trying again would block the room for ever
                    logger.error("answer dropped component=sender errcode=%s", error.errcode)
                    await self._forget(task)
                    break
                self._health.retrying.add(task.id)
                logger.warning("send failed component=sender error=%s retry_s=%.1f", type(error).__name__, pause)
                await asyncio.sleep(pause)
            else:
                break
        self._health.retrying.discard(task.id)

    async def _forget(self, task: Task) -> None:
        await self._database.transaction(lambda connection: self._outbox.finish(connection, task.id))

    async def do(self, task: Task) -> None:
        """One step.

        Raises:
            NotReady, RequestFailed, TokenRevoked and what the network raises: not done.
        """
        room = f"/_matrix/client/v3/rooms/{quote(task.room_id, safe='')}"
        match task.action:
            case Action.UPLOAD_FILE:
                await self._upload(task)
                return
            case Action.SEND_ENCRYPTED:
                await self._send_encrypted(task, "m.room.message", task.content)
            case Action.SEND_EVENT:
                await self._send_event(task)
                return
            case Action.INVITE:
                await self._invite(task, f"{room}/invite")
                return
            case Action.SEND_PLAIN:
                path = f"{room}/send/m.room.message/{task.transaction_id}"
                await demand(self._client, "PUT", path, task.content)
            case Action.LEAVE:
                await demand(self._client, "POST", f"{room}/leave", {})
        await self._forget(task)

    async def _send_event(self, task: Task) -> None:
        wanted = task.content
        names = [name for name in (wanted["about"], wanted["label"] if wanted["edits"] else None) if name]
        found = [
            await self._database.transaction(lambda c, n=name: self._outbox.event_of(c, task.room_id, n))  # type: ignore[misc]  # binds the loop variable
            for name in names
        ]
        content = dict(wanted["content"])
        if wanted["about"]:
            if found[0] is None:  # what it refers to was never sent
                await self._forget(task)
                return
            content["m.relates_to"] = {"rel_type": "m.reference", "event_id": found[0]}
        if wanted["edits"] and found[-1] is not None:
            content = edited(content, found[-1])
        event_id = await self._send_encrypted(task, wanted["type"], content)

        def work(connection: Connection) -> None:
            if wanted["label"]:
                self._outbox.remember_event(connection, task.room_id, wanted["label"], event_id)
            self._outbox.finish(connection, task.id)

        await self._database.transaction(work)

    async def _invite(self, task: Task, path: str) -> None:
        """Invite, and put what became of it into the inbox; being there already is as good."""
        user_id = task.content["user_id"]
        status, answer = await call(self._client, "POST", path, {"user_id": user_id})
        if status >= _REFUSED and not is_final(status):
            raise RequestFailed(status, str(answer.get("errcode", "")))
        room = self._client.rooms.get(task.room_id)
        is_there = status < _REFUSED or (room is not None and user_id in room.users)
        errcode = "" if is_there else str(answer.get("errcode") or "M_UNKNOWN")
        content = {"sender": user_id, "kind": MessageKind.INVITE_RESULT, "text": errcode}
        arrival = Arrival(f"invited {task.transaction_id}", task.room_id, Kind.MESSAGE, State.READY, content)

        def work(connection: Connection) -> None:
            self._inbox.add(connection, arrival, datetime.now(UTC))
            self._outbox.finish(connection, task.id)

        await self._database.transaction(work)
        self._notify()

    async def _send_encrypted(self, task: Task, event_type: str, content: dict[str, Any]) -> str:
        room = self._client.rooms.get(task.room_id)
        if room is None:
            joined = await demand(self._client, "GET", "/_matrix/client/v3/joined_rooms")
            if task.room_id not in joined.get("joined_rooms", []):
                raise RequestFailed(403, "M_FORBIDDEN")
        if room is None or not room.encrypted:  # nio would send it in the clear
            raise NotReady
        response = ok(
            await self._client.room_send(
                task.room_id,
                event_type,
                content,
                tx_id=task.transaction_id,
                ignore_unverified_devices=True,  # strictness towards people's devices is not decided here
            )
        )
        return str(response.event_id)

    async def _upload(self, task: Task) -> None:
        data = file_bytes(task)
        ciphertext, keys = encrypt_attachment(data)
        uri = await upload(self._client, ciphertext)
        content: dict[str, Any] = {
            "msgtype": "m.file",
            "body": task.content["file_name"],
            "filename": task.content["file_name"],
            "info": {"mimetype": task.content["mime_type"], "size": len(data)},
            "file": keys | {"url": uri},
        }
        content |= task.content.get("extra", {})
        await self._database.transaction(lambda connection: self._outbox.replace_upload(connection, task.id, content))
