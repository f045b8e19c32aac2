"""What the chassis and a flow (appointments, later prescriptions and referrals) say to each other.

The chassis owns Matrix: rooms, keys, the durable inbox and outbox. A flow owns one kind of paperwork: it gets
one message at a time, inside the database transaction that also marks the message as done and stores the
answers, so either all of it happens or none of it.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection


class MessageKind(enum.StrEnum):
    """What a person did in the room."""

    ROOM_JOINED = "room_joined"
    """The bot has just joined this encrypted room; `text` is empty, `sender` is who invited it."""
    TEXT = "text"
    ATTACHMENT = "attachment"
    """A file, picture, audio or video; `text` is its caption or file name. The bot does not download it."""
    OTHER = "other"
    """Anything else a client can send: location, poll, unknown type."""
    UNDECRYPTABLE = "undecryptable"
    """The keys for this message have not arrived in time; `text` is empty."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of a person in an encrypted room. `sender` is bound to the device that encrypted it.

    Args:
        room_id, event_id, sender: Matrix identifiers.
        kind: what it is.
        text: plain text as sent (`body`), any length up to the 64 KiB event limit; never None.
        received_at: when the bot stored it; timezone-aware, UTC.
    """

    room_id: str
    event_id: str
    sender: str
    kind: MessageKind
    text: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class SendText:
    """Answer with text (`m.text`; `m.notice` when `is_notice`, for what needs no attention)."""

    text: str
    is_notice: bool = False


@dataclass(frozen=True, slots=True)
class SendFile:
    """Answer with an encrypted attachment (`m.file`)."""

    file_name: str
    mime_type: str
    data: bytes


Outgoing = SendText | SendFile


class Flow(Protocol):
    """One kind of paperwork."""

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        """Decide on one message and record the outcome through `connection`.

        Called once per message, in the order in which messages become readable (one that waits for its keys
        does not hold up its room), inside an open transaction; must not commit.
        Blocking database work is expected, network access is not. Called again for the same message only
        when the transaction was rolled back. An exception rolls back; the chassis then answers with a polite
        text and keeps the message for the operator.
        """
        ...
