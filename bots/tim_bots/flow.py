"""What the chassis and a flow (appointments, later prescriptions and referrals) say to each other.

The chassis owns Matrix: rooms, keys, the durable inbox and outbox. A flow owns one kind of paperwork: it gets
one message at a time, inside the database transaction that also marks the message as done and stores the
answers, so either all of it happens or none of it.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

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
    POLL_ANSWER = "poll_answer"
    """A vote; `text` is empty, `about` names the poll."""
    DATA = "data"
    """Structured data: a message with a control block, or an event type of its own with `de.gematik.text`."""
    STATUS = "status"
    """Another device says whether it could process an event; never answered."""
    INVITE_RESULT = "invite_result"
    """What became of an `InviteUser`: `sender` is the invited user id, `text` the errcode, empty if it was done."""
    ROOM_CREATED = "room_created"
    """What became of a `CreateRoom`: `text` is the new room's id, empty if the homeserver refused; `content` is
    {"key"}."""
    ROLES = "roles"
    """What became of a `LookUpRoles`: `sender` is the person, `text` the professionOIDs with spaces between them."""
    TIMER = "timer"
    """A timer of the flow is due: `text` is its key, `content` its payload, `sender` the bot itself."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of a person in an encrypted room. `sender` is bound to the device that encrypted it.

    Args:
        room_id, event_id, sender: Matrix identifiers.
        kind: what it is.
        text: plain text as sent (`body`), any length up to the 64 KiB event limit; never None.
        received_at: when the bot stored it; timezone-aware, UTC.
        event_type: of the decrypted event.
        content: of the decrypted event; foreign JSON, any shape.
        about: label of the bot's own event that this one relates to, see `SendEvent`; None if to none of those.
    """

    room_id: str
    event_id: str
    sender: str
    kind: MessageKind
    text: str
    received_at: datetime
    event_type: str = "m.room.message"
    content: Mapping[str, Any] = field(default_factory=dict)
    about: str | None = None

    @property
    def is_in_thread(self) -> bool:
        """Whether it was asked in a thread; TI-M has none (A_25395-02), but a foreign client may."""
        relation = self.content.get("m.relates_to")
        return isinstance(relation, Mapping) and relation.get("rel_type") == "m.thread"


@dataclass(frozen=True, slots=True)
class SendText:
    """Answer with text (`m.text`; `m.notice` when `is_notice`, for what needs no attention).

    Args:
        text: plain text, stands for itself in every client.
        is_notice: see above.
        extra: further keys of the content, for software that reads them.
        room_id: another room than the message's, for example the staff's; None: the same.
        label: a name under which a later answer edits or refers to this event; unique in its room.
        edits: replace the text of the event with this label, if it was sent; otherwise send a new one.
        replies_to: label of an earlier event in that room, to which this one is a reply; to none if that never was.
    """

    text: str
    is_notice: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    room_id: str | None = None
    label: str | None = None
    edits: bool = False
    replies_to: str | None = None


@dataclass(frozen=True, slots=True)
class SendFile:
    """Answer with an encrypted attachment (`m.file`); `extra` and `room_id` as in `SendText`."""

    file_name: str
    mime_type: str
    data: bytes
    extra: Mapping[str, Any] = field(default_factory=dict)
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class SendEvent:
    """Answer with an encrypted event of any type.

    Args:
        event_type, content: of the event before encryption.
        label, room_id, replies_to: as in `SendText`.
        about: label of an earlier event, to which this one is an `m.reference`; not sent if that never was.
    """

    event_type: str
    content: Mapping[str, Any]
    label: str | None = None
    about: str | None = None
    room_id: str | None = None
    replies_to: str | None = None


@dataclass(frozen=True, slots=True)
class InviteUser:
    """Invite somebody into a room (None: the message's), where an INVITE_RESULT tells what became of it."""

    user_id: str
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class CreateRoom:
    """Create an encrypted room in which the bot is alone; a ROOM_CREATED in the message's room tells its id.

    Args:
        name: of the room, which homeservers can read: nothing about people.
        key: comes back with the result.
    """

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class CloseRoom:
    """Remove everybody from a room that the bot created, and leave it."""

    room_id: str


@dataclass(frozen=True, slots=True)
class LookUpRoles:
    """Ask the directory about somebody; ROLES in the same room tell what it says."""

    user_id: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Be called again with a TIMER. Survives restarts; comes once, never early, perhaps late.

    Args:
        key: names the timer; setting it again in the same room moves it.
        due: when; timezone-aware.
        payload: any JSON object; kept sealed.
        room_id: the room of the TIMER; None: the message's.
    """

    key: str
    due: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """The timer with this key does not come; nothing if there is none."""

    key: str
    room_id: str | None = None


Outgoing = SendText | SendFile | SendEvent | InviteUser | CreateRoom | CloseRoom | LookUpRoles | SetTimer | CancelTimer


class Flow(Protocol):
    """One kind of paperwork."""

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        """Decide on one message and record the outcome through `connection`.

        Called once per message, in the order in which messages become readable (one that waits for its keys
        does not hold up its room), inside an open transaction; must not commit.
        Blocking database work is expected, network access is not. An exception undoes what this call did; it is
        made again a little later, and after some attempts the chassis answers with a polite text and keeps the
        message for the operator.
        """
        ...
