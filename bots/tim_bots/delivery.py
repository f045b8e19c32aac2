"""Does one step of the outbox: sends, uploads, invites, leaves. Repeating a step changes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from nio.crypto.attachments import encrypt_attachment
from sqlalchemy import Connection

from tim_bots.database import Database
from tim_bots.directory.client import Directory
from tim_bots.flow import MessageKind
from tim_bots.guard import GuardedClient
from tim_bots.inbox import Arrival, Kind, State
from tim_bots.matrix_http import RequestFailed, call, demand, is_final, ok, retry_after, upload
from tim_bots.outbox import Action, Task, edited, file_bytes, in_reply_to
from tim_bots.queues import Queues
from tim_bots.temporary_rooms import empty_room, find_room, make_room

_REFUSED = 300


class NotReady(Exception):
    """The room has not come with a sync yet, or is not known to be encrypted."""


class NotAMember(Exception):
    """The bot is not in the room any more: there is nobody to say it to."""


class Delivery:
    """Carries out steps; in which order and how often is the sender's business.

    Args:
        client: logged in.
        database: of the bot.
        queues: take the outcome, in the transaction that ends the step.
        notify: called when the inbox got something new.
        directory: knows people's roles; None: nobody has any.
    """

    def __init__(
        self,
        client: GuardedClient,
        database: Database,
        queues: Queues,
        notify: Callable[[], None],
        directory: Directory | None = None,
    ) -> None:
        self._directory = directory
        self._client = client
        self._database = database
        self._queues = queues
        self._notify = notify

    async def do(self, task: Task) -> None:
        """One step.

        Raises:
            NotReady, NotAMember, RequestFailed, TokenRevoked and what the network raises: not done.
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
            case Action.CREATE_ROOM:
                await self._create_room(task)
                return
            case Action.LOOK_UP:
                await self._look_up(task)
                return
            case Action.SEND_PLAIN:
                path = f"{room}/send/m.room.message/{task.transaction_id}"
                await demand(self._client, "PUT", path, task.content)
            case Action.CLOSE_ROOM:
                await empty_room(self._client, task.room_id)
                await self._leave(f"{room}/leave")
            case Action.LEAVE:
                await self._leave(f"{room}/leave")
        await self._finish(task)

    async def _send_event(self, task: Task) -> None:
        wanted = task.content
        content = dict(wanted["content"])
        if wanted["about"]:
            about = await self._sent_as(task, wanted["about"])
            if about is None:  # what it refers to was never sent
                await self._finish(task)
                return
            content["m.relates_to"] = {"rel_type": "m.reference", "event_id": about}
        if wanted.get("replies_to") and (answered := await self._sent_as(task, wanted["replies_to"])) is not None:
            content = in_reply_to(answered, content)
        if wanted["edits"] and (replaced := await self._sent_as(task, wanted["label"])) is not None:
            content = edited(content, replaced)
        event_id = await self._send_encrypted(task, wanted["type"], content)

        def work(connection: Connection) -> None:
            if wanted["label"]:
                self._queues.outbox.remember_event(connection, task.room_id, wanted["label"], event_id)
            self._queues.outbox.finish(connection, task.id)

        await self._database.transaction(work)

    async def _sent_as(self, task: Task, label: str) -> str | None:
        """The event that was sent with this label into the task's room; None if none was."""
        return await self._database.transaction(lambda c: self._queues.outbox.event_of(c, task.room_id, label))

    async def _leave(self, path: str) -> None:
        status, answer = await call(self._client, "POST", path, {})
        if status >= _REFUSED and not is_final(status):  # refused for good: it is out already
            raise RequestFailed(status, str(answer.get("errcode", "")), retry_after(answer))

    async def _finish(self, task: Task) -> None:
        await self._database.transaction(lambda connection: self._queues.outbox.finish(connection, task.id))

    async def _invite(self, task: Task, path: str) -> None:
        """Invite, and put what became of it into the inbox; being there already is as good."""
        user_id = task.content["user_id"]
        status, answer = await call(self._client, "POST", path, {"user_id": user_id})
        if status >= _REFUSED and not is_final(status):
            raise RequestFailed(status, str(answer.get("errcode", "")), retry_after(answer))
        room = self._client.rooms.get(task.room_id)
        is_there = status < _REFUSED or (room is not None and user_id in room.users)
        errcode = "" if is_there else str(answer.get("errcode") or "M_UNKNOWN")
        await self._report(task, "invited", MessageKind.INVITE_RESULT, errcode)

    async def _create_room(self, task: Task) -> None:
        """Create a room once, also if the answer was lost, and put its id into the inbox."""
        room_id = await find_room(self._client, task.transaction_id) if task.content.get("is_begun") else None
        if room_id is None:
            await self._database.transaction(lambda connection: self._queues.outbox.note_begun(connection, task))
            try:
                room_id = await make_room(self._client, task.content["name"], task.transaction_id)
            except RequestFailed as error:
                if not error.is_final:
                    raise
                room_id = ""
        about = {"sender": str(self._client.user_id), "content": {"key": task.content["key"]}}
        await self._report(task, "created", MessageKind.ROOM_CREATED, room_id, about)

    async def _look_up(self, task: Task) -> None:
        user_id = task.content["user_id"]
        roles = frozenset[str]() if self._directory is None else await self._directory.roles(user_id)
        await self._report(task, "looked up", MessageKind.ROLES, " ".join(sorted(roles)))

    async def _report(
        self, task: Task, done: str, kind: MessageKind, text: str, about: dict[str, Any] | None = None
    ) -> None:
        """The step is done; what came of it goes into the inbox."""
        content = {"kind": kind, "text": text} | (about or {"sender": task.content["user_id"]})
        arrival = Arrival(f"{done} {task.transaction_id}", task.room_id, Kind.MESSAGE, State.READY, content)

        def work(connection: Connection) -> None:
            self._queues.inbox.add(connection, arrival, datetime.now(UTC))
            self._queues.outbox.finish(connection, task.id)

        await self._database.transaction(work)
        self._notify()

    async def _send_encrypted(self, task: Task, event_type: str, content: dict[str, Any]) -> str:
        room = self._client.rooms.get(task.room_id)
        if room is None:
            joined = await demand(self._client, "GET", "/_matrix/client/v3/joined_rooms")
            if task.room_id not in joined.get("joined_rooms", []):
                raise NotAMember
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
        await self._database.transaction(
            lambda connection: self._queues.outbox.replace_upload(connection, task, content)
        )
