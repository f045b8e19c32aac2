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
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from tim_bots.cipher import Cipher
from tim_bots.database import metadata
from tim_bots.flow import Outgoing, SendText

_CONTENT = "outbox.content"

_outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room_id", String, nullable=False, index=True),
    Column("transaction_id", String, nullable=False, unique=True),
    Column("action", String, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="sealed"),
)


class Action(enum.StrEnum):
    """What to do in the room."""

    SEND_ENCRYPTED = "send_encrypted"
    """content: that of an `m.room.message`"""
    UPLOAD_FILE = "upload_file"
    """content: {"file_name", "mime_type", "data"}; becomes SEND_ENCRYPTED once the file is uploaded"""
    SEND_PLAIN = "send_plain"
    """content: as SEND_ENCRYPTED; only to say that a room is not encrypted"""
    LEAVE = "leave"
    """content: {}"""


@dataclass(frozen=True, slots=True)
class Task:
    """One stored step."""

    id: int
    room_id: str
    transaction_id: str
    action: Action
    content: dict[str, Any]


def transaction_id(event_id: str, step: str) -> str:
    """The same for the same step of the same answer, in every process."""
    return "tim-" + hashlib.sha256(f"{event_id}\0{step}".encode()).hexdigest()[:40]


def text_content(text: str, *, is_notice: bool = False) -> dict[str, Any]:
    """The content of a plain text message."""
    return {"msgtype": "m.notice" if is_notice else "m.text", "body": text}


class Outbox:
    """Reads and writes the outbox through whatever transaction it is given."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def answer(self, connection: Connection, room_id: str, event_id: str, answers: Sequence[Outgoing]) -> None:
        """Store the answers of a flow to one event, in their order."""
        for step, outgoing in enumerate(answers):
            if isinstance(outgoing, SendText):
                action, content = (
                    Action.SEND_ENCRYPTED,
                    text_content(outgoing.text, is_notice=outgoing.is_notice),
                )
            else:
                action, content = (
                    Action.UPLOAD_FILE,
                    {
                        "file_name": outgoing.file_name,
                        "mime_type": outgoing.mime_type,
                        "data": b64encode(outgoing.data).decode(),
                    },
                )
            self.add(connection, room_id, transaction_id(event_id, str(step)), action, content)

    def add(self, connection: Connection, room_id: str, txn_id: str, action: Action, content: dict[str, Any]) -> None:
        """Store one step."""
        connection.execute(
            insert(_outbox).values(room_id=room_id, transaction_id=txn_id, action=action, content=self._seal(content))
        )

    def rooms(self, connection: Connection) -> list[str]:
        """Rooms that have something to be sent."""
        return list(connection.scalars(select(_outbox.c.room_id).distinct()))

    def next_task(self, connection: Connection, room_id: str) -> Task | None:
        """The oldest step of a room, None if all are done."""
        row = connection.execute(
            select(_outbox).where(_outbox.c.room_id == room_id).order_by(_outbox.c.id).limit(1)
        ).first()
        if row is None:
            return None
        return Task(
            id=row.id,
            room_id=row.room_id,
            transaction_id=row.transaction_id,
            action=Action(row.action),
            content=json.loads(self._cipher.open(row.content, _CONTENT)),
        )

    def replace_upload(self, connection: Connection, task_id: int, content: dict[str, Any]) -> None:
        """The file is uploaded: what remains is to send `content`."""
        connection.execute(
            update(_outbox)
            .where(_outbox.c.id == task_id)
            .values(action=Action.SEND_ENCRYPTED, content=self._seal(content))
        )

    def finish(self, connection: Connection, task_id: int) -> None:
        """Done: nothing of it is kept. The inbox knows that the event was answered."""
        connection.execute(delete(_outbox).where(_outbox.c.id == task_id))

    def count(self, connection: Connection) -> int:
        """How many steps wait."""
        return connection.scalar(select(func.count()).select_from(_outbox)) or 0

    def _seal(self, content: dict[str, Any]) -> bytes:
        return self._cipher.seal(json.dumps(content).encode(), _CONTENT)


def file_bytes(task: Task) -> bytes:
    """The file of an UPLOAD_FILE step."""
    return b64decode(task.content["data"])
