"""What a flow and the counter say to each other: a case goes in, the staff's decisions come back."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection

from tim_bots.flow import Outgoing
from tim_policy.errors import TimError


class Urgency(enum.StrEnum):
    """FHIR request-priority, as far as people sort by it."""

    ROUTINE = "routine"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who waits for the answer.

    Args:
        room_id: where they asked, and where the answer goes.
        user_id: who asked.
        organisation: name that the directory vouches for; None: unknown. Never what the message claims.
    """

    room_id: str
    user_id: str
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class CounterCase:
    """Something that the staff has to decide.

    Args:
        kind: name of the `CounterFlow` that carries decisions out.
        case_id: the flow's own id of it.
        title: e.g. "Rezeptanfrage"; German, one line.
        lines: what the staff must know to decide; German.
        urgency: urgent cases stand first and are overdue sooner.
        asker: who waits.
        opened_at: timezone-aware.
        needs_doctor: only a doctor may accept or decline.
        can_be_joined: staff may be invited into the asker's room.
    """

    kind: str
    case_id: UUID
    title: str
    lines: tuple[str, ...]
    urgency: Urgency
    asker: Asker
    opened_at: datetime
    needs_doctor: bool = False
    can_be_joined: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the staff who may decide.

    Args:
        key: in the configuration; stable, no personal data of patients.
        user_id: Matrix user id; None: a program of the practice, through the REST API.
        name: as the asker may read it.
        is_doctor: see `CounterCase.needs_doctor`.
    """

    key: str
    user_id: str | None
    name: str
    is_doctor: bool


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the staff adds to a decision.

    Args:
        file_name: base name, checked.
        content: of an `m.file` event whose file is encrypted and uploaded already; it can be sent on as it is.
        data, mime_type: the file itself, when it comes from the REST API or the practice's folder; `content` is
            empty then.
    """

    file_name: str
    content: Mapping[str, Any]
    data: bytes = b""
    mime_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Accept:
    """Done as asked for; `text` for the asker may be empty."""

    text: str = ""
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """Not done; `reason` is never empty."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A text for the asker, whose answer comes back with `Counter.answered`; never empty without attachment."""

    text: str
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """From now on only a doctor may decide."""


Decision = Accept | Decline | Ask | HandOver


class DecisionRefused(TimError):
    """The flow cannot carry a decision out; the text tells the staff why, in German. Nothing was changed."""


class CounterFlow(Protocol):
    """Carries the staff's decisions out."""

    @property
    def kind(self) -> str:
        """Of its cases."""
        ...

    def decide(
        self, connection: Connection, case_id: UUID, decision: Decision, member: Member, now: datetime
    ) -> Sequence[Outgoing]:
        """Tell the asker and change what is to be changed, in the open transaction; must not commit.

        Every answer names its room (`room_id`): the transaction belongs to the staff's room. The counter has
        checked that `member` may decide, has claimed the case for them, and changes the card itself.

        Raises:
            DecisionRefused: it cannot be done; all that this call did is undone, and the case stays as it was.
        """
        ...
