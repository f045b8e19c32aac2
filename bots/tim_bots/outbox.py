"""The durable outbox: answers are stored in the transaction that decides on them, and sent afterwards.

Each carries a transaction id which follows from the event it answers, so a repeated send, also by the next
process after a crash, is the same event to the homeserver (client-server API, "Transaction identifiers";
Synapse remembers them for 24 hours).
"""

import enum
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    Row,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from tim_bots.cipher import Cipher
from tim_bots.database import metadata, sealed
from tim_bots.flow import CloseRoom, CreateRoom, InviteUser, LookUpRoles, SendEvent, SendFile, SendText
from tim_bots.inbox import DeadLetter
from tim_bots.points_in_time import from_ms, to_ms

_CONTENT = "outbox.content"

_outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room_id", String, nullable=False, index=True),
    Column("transaction_id", String(64), nullable=False, unique=True),
    Column("action", String(16), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, comment="that failed"),
    Column("error", String(64), comment="class or errcode of the last failure"),
    Column("is_dead", Integer, nullable=False, comment="1: a dead letter, not to be tried again"),
    sealed("content", "transaction_id"),
)
_labelled = Table(
    "labelled_event",
    metadata,
    Column("room_id", String, primary_key=True),
    Column("label", String(255), primary_key=True),
    Column("event_id", String, nullable=False, index=True),
)


Sendable = SendText | SendFile | SendEvent | InviteUser | CreateRoom | CloseRoom | LookUpRoles


class Action(enum.StrEnum):
    """What to do in the room."""

    SEND_ENCRYPTED = "send_encrypted"
    """content: that of an `m.room.message`"""
    UPLOAD_FILE = "upload_file"
    """content: {"file_name", "mime_type", "data", "extra", "is_promised"}; becomes SEND_ENCRYPTED, or SEND_EVENT if it
    is promised, once the file is uploaded"""
    SEND_EVENT = "send_event"
    """content: {"type", "content", "label", "edits", "about", "replies_to"}, see `SendText` and `SendEvent`; and
    {"is_promised"}: somebody in another room was told that this is said"""
    INVITE = "invite"
    """content: {"user_id"}"""
    CREATE_ROOM = "create_room"
    """content: {"name", "key"}, and {"is_begun"} once it was tried"""
    CLOSE_ROOM = "close_room"
    """content: {}"""
    LOOK_UP = "look_up"
    """content: {"user_id"}"""
    SEND_PLAIN = "send_plain"
    """content: as SEND_ENCRYPTED; only to say that a room is not encrypted, or a device not trusted"""
    LEAVE = "leave"
    """content: {}"""


@dataclass(frozen=True, slots=True)
class Task:
    """One stored step."""

    id: int
    room_id: str
    transaction_id: str
    action: Action
    attempts: int
    content: dict[str, Any]


def transaction_id(event_id: str, step: str) -> str:
    """The same for the same step of the same answer, in every process."""
    return "tim-" + hashlib.sha256(f"{event_id}\0{step}".encode()).hexdigest()[:40]


def text_content(text: str, *, is_notice: bool = False) -> dict[str, Any]:
    """The content of a plain text message."""
    return {"msgtype": "m.notice" if is_notice else "m.text", "body": text}


def in_reply_to(event_id: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content as a reply to an event."""
    return {**content, "m.relates_to": {"m.in_reply_to": {"event_id": event_id}}}


# What is done for each message; making a statement costs more than running it.
_ADD = insert(_outbox)
_ROOMS = select(_outbox.c.room_id).where(_outbox.c.is_dead == 0).distinct()
_NEXT = (
    select(_outbox)
    .where(_outbox.c.room_id == bindparam("room"), _outbox.c.is_dead == 0)
    .order_by(_outbox.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_FINISH = delete(_outbox).where(_outbox.c.id == bindparam("task"))


class Outbox:
    """Reads and writes the outbox through whatever transaction it is given."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def answer(
        self,
        connection: Connection,
        room_id: str,
        event_id: str,
        answers: Sequence[Sendable],
        *,
        is_reply: bool = False,
    ) -> None:
        """Store the answers of a flow to one event, in their order.

        Args:
            connection: of the transaction.
            room_id, event_id: of the event that is answered.
            answers: what the flow wants.
            is_reply: answers in the same room show which message they answer; where a question stood in a thread,
                which an answer must not (A_25395-02), that leads back to it.
        """
        relation = {"m.relates_to": {"m.in_reply_to": {"event_id": event_id}}} if is_reply else {}
        for step, outgoing in enumerate(answers):
            action, content = _step(outgoing, relation)
            to_room = (None if isinstance(outgoing, LookUpRoles | CreateRoom) else outgoing.room_id) or room_id
            self.add(connection, to_room, transaction_id(event_id, str(step)), action, content)

    def add(self, connection: Connection, room_id: str, txn_id: str, action: Action, content: dict[str, Any]) -> None:
        """Store one step."""
        values = {
            "room_id": room_id,
            "transaction_id": txn_id,
            "action": action,
            "created_at_ms": to_ms(datetime.now(UTC)),
            "attempts": 0,
            "is_dead": 0,
            "content": self._seal(txn_id, content),
        }
        connection.execute(_ADD, values)

    def add_once(
        self, connection: Connection, room_id: str, txn_id: str, action: Action, content: dict[str, Any]
    ) -> None:
        """Store one step, unless it waits already."""
        if connection.scalar(select(_outbox.c.id).where(_outbox.c.transaction_id == txn_id)) is None:
            self.add(connection, room_id, txn_id, action, content)

    def rooms(self, connection: Connection) -> list[str]:
        """Rooms that have something to be sent."""
        return list(connection.scalars(_ROOMS))

    def next_task(self, connection: Connection, room_id: str) -> Task | None:
        """The oldest step of a room, None if all are done."""
        row = connection.execute(_NEXT, {"room": room_id}).first()
        return None if row is None else self._open(row)

    def replace_upload(self, connection: Connection, task: Task, content: dict[str, Any]) -> None:
        """The file is uploaded: what remains is to send `content`."""
        action = Action.SEND_ENCRYPTED
        if task.content.get("is_promised"):
            action, content = Action.SEND_EVENT, _event(content) | {"is_promised": True}
        connection.execute(
            update(_outbox)
            .where(_outbox.c.id == task.id)
            .values(action=action, content=self._seal(task.transaction_id, content))
        )

    def note_begun(self, connection: Connection, task: Task) -> None:
        """The step is tried now, and what it makes may exist although no answer tells so."""
        content = self._seal(task.transaction_id, task.content | {"is_begun": True})
        connection.execute(update(_outbox).where(_outbox.c.id == task.id).values(content=content))

    def remember_event(self, connection: Connection, room_id: str, label: str, event_id: str) -> None:
        """An event with a label was sent; the first one keeps the label."""
        if self.event_of(connection, room_id, label) is None:
            connection.execute(insert(_labelled).values(room_id=room_id, label=label, event_id=event_id))

    def event_of(self, connection: Connection, room_id: str, label: str) -> str | None:
        """The event that was sent with this label, None before that."""
        query = select(_labelled.c.event_id).where(_labelled.c.room_id == room_id, _labelled.c.label == label)
        return connection.scalar(query)

    def label_of(self, connection: Connection, room_id: str, event_id: str) -> str | None:
        """The label with which the bot sent this event, None if it is not the bot's or has none."""
        query = select(_labelled.c.label).where(_labelled.c.room_id == room_id, _labelled.c.event_id == event_id)
        return connection.scalar(query)

    def finish(self, connection: Connection, task_id: int) -> None:
        """Done: nothing of it is kept. The inbox knows that the event was answered."""
        connection.execute(_FINISH, {"task": task_id})

    def note_failure(self, connection: Connection, task_id: int, error: str, *, is_dead: bool) -> None:
        """An attempt failed; `is_dead`: it was the last one, and the step becomes a dead letter."""
        values = {"attempts": _outbox.c.attempts + 1, "error": error[:64], "is_dead": int(is_dead)}
        connection.execute(update(_outbox).where(_outbox.c.id == task_id).values(values))

    def revive(self, connection: Connection, task_id: int) -> bool:
        """Give a dead letter all its attempts again; returns whether there was one with this id."""
        is_it = (_outbox.c.id == task_id) & (_outbox.c.is_dead == 1)
        return connection.execute(update(_outbox).where(is_it).values(attempts=0, is_dead=0)).rowcount == 1

    def drop(self, connection: Connection, task_id: int) -> bool:
        """Erase a dead letter; returns whether there was one with this id."""
        is_it = (_outbox.c.id == task_id) & (_outbox.c.is_dead == 1)
        return connection.execute(delete(_outbox).where(is_it)).rowcount == 1

    def dead(self, connection: Connection) -> list[DeadLetter]:
        """All dead letters, the oldest first."""
        columns = (_outbox.c.id, _outbox.c.action, _outbox.c.created_at_ms, _outbox.c.attempts, _outbox.c.error)
        rows = connection.execute(select(*columns).where(_outbox.c.is_dead == 1).order_by(_outbox.c.id))
        return [
            DeadLetter(f"out-{row.id}", row.action, from_ms(row.created_at_ms), row.attempts, row.error or "")
            for row in rows
        ]

    def close_room(self, connection: Connection, room_id: str) -> int:
        """Forget what was to be said in a room that the bot has left; returns how much that was."""
        connection.execute(delete(_labelled).where(_labelled.c.room_id == room_id))
        return connection.execute(delete(_outbox).where(_outbox.c.room_id == room_id)).rowcount

    def skip_the_past(self, connection: Connection) -> None:
        """Forget what waits to be sent."""
        connection.execute(delete(_outbox).where(_outbox.c.is_dead == 0))

    def count(self, connection: Connection, *, is_dead: bool = False) -> int:
        """How many steps wait, or are dead letters."""
        query = select(func.count()).select_from(_outbox).where(_outbox.c.is_dead == int(is_dead))
        return connection.scalar(query) or 0

    def oldest(self, connection: Connection) -> datetime | None:
        """When the oldest step that waits was stored; None if nothing waits."""
        at_ms = connection.scalar(select(func.min(_outbox.c.created_at_ms)).where(_outbox.c.is_dead == 0))
        return None if at_ms is None else from_ms(at_ms)

    def _seal(self, txn_id: str, content: dict[str, Any]) -> bytes:
        return self._cipher.seal(json.dumps(content).encode(), _CONTENT, txn_id)

    def _open(self, row: Row[Any]) -> Task:
        return Task(
            id=row.id,
            room_id=row.room_id,
            transaction_id=row.transaction_id,
            action=Action(row.action),
            attempts=row.attempts,
            content=json.loads(self._cipher.open(row.content, _CONTENT, row.transaction_id)),
        )


def _step(outgoing: Sendable, reply: dict[str, Any]) -> tuple[Action, dict[str, Any]]:
    match outgoing:
        case InviteUser(user_id):
            return Action.INVITE, {"user_id": user_id}
        case LookUpRoles(user_id):
            return Action.LOOK_UP, {"user_id": user_id}
        case CreateRoom(name, key):
            return Action.CREATE_ROOM, {"name": name, "key": key}
        case CloseRoom():
            return Action.CLOSE_ROOM, {}
        case _:
            return _said(outgoing, reply)


def _said(outgoing: SendText | SendFile | SendEvent, reply: dict[str, Any]) -> tuple[Action, dict[str, Any]]:
    is_promised = outgoing.room_id is not None
    relation = {} if is_promised else reply
    match outgoing:
        case SendFile():
            return Action.UPLOAD_FILE, {
                "file_name": outgoing.file_name,
                "mime_type": outgoing.mime_type,
                "data": b64encode(outgoing.data).decode(),
                "extra": relation | dict(outgoing.extra),
                "is_promised": is_promised,
            }
        case SendEvent():
            return Action.SEND_EVENT, {
                "type": outgoing.event_type,
                "content": relation | dict(outgoing.content),
                "label": outgoing.label,
                "about": outgoing.about,
                "edits": False,
                "replies_to": outgoing.replies_to,
                "is_promised": is_promised,
            }
        case SendText():
            content = text_content(outgoing.text, is_notice=outgoing.is_notice) | relation | dict(outgoing.extra)
            if outgoing.label is None and outgoing.replies_to is None and not is_promised:
                return Action.SEND_ENCRYPTED, content
            event = _event(content) | {"label": outgoing.label, "edits": outgoing.edits, "is_promised": is_promised}
            return Action.SEND_EVENT, event | {"replies_to": outgoing.replies_to}


def _event(content: dict[str, Any]) -> dict[str, Any]:
    """A message as the content of a SEND_EVENT step."""
    step = {"type": "m.room.message", "content": content, "label": None, "about": None}
    return step | {"edits": False, "replies_to": None, "is_promised": False}


def edited(content: dict[str, Any], event_id: str) -> dict[str, Any]:
    """The content that replaces `event_id`'s; clients that do not know edits show it with a star."""
    fresh = {key: value for key, value in content.items() if key != "m.relates_to"}
    return fresh | {
        "body": f"* {fresh['body']}",
        "m.new_content": fresh,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
    }


def file_bytes(task: Task) -> bytes:
    """The file of an UPLOAD_FILE step."""
    return b64decode(task.content["data"])
