"""What goes over the wire. Times are RFC 3339, numbers are those of the counter room."""

import base64
import binascii
import enum
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tim_bots.counter.attachments import clean_file_name
from tim_bots.counter.book import StoredCase
from tim_bots.counter.case import Accept, Ask, Attachment, Decision, Decline, HandOver
from tim_bots.counter.orders import LONGEST_TEXT
from tim_bots.counter.states import State

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_BODY_BYTES = 15 * 1024 * 1024
"""Base64 makes a third more of a file."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Request(_Model):
    """A request at the counter."""

    number: int
    case_id: UUID
    kind: str
    title: str
    lines: list[str]
    urgency: Literal["routine", "urgent"]
    asker: str
    """Matrix user id."""
    organisation: str | None
    opened_at: datetime
    state: State
    claimed_by: str | None
    needs_doctor: bool
    is_overdue: bool

    @classmethod
    def of(cls, stored: StoredCase, *, is_overdue: bool) -> Self:
        """As it stands in the book."""
        case = stored.case
        return cls(
            number=stored.number,
            case_id=case.case_id,
            kind=case.kind,
            title=case.title,
            lines=list(case.lines),
            urgency=case.urgency.value,
            asker=case.asker.user_id,
            organisation=case.asker.organisation,
            opened_at=case.opened_at,
            state=stored.standing.state,
            claimed_by=stored.standing.claimed_by,
            needs_doctor=stored.standing.needs_doctor,
            is_overdue=is_overdue,
        )


class Requests(_Model):
    """A page of requests; `total` counts all that are open."""

    requests: list[Request]
    total: int


class What(enum.StrEnum):
    """As `!ok`, `!nein`, `!frage`, `!arzt`, `!nehme` and `!frei` in the counter room."""

    ACCEPT = "accept"
    DECLINE = "decline"
    ASK = "ask"
    HAND_OVER = "hand_over"
    TAKE = "take"
    RELEASE = "release"


class File(_Model):
    """A file for the asker."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    mime_type: Annotated[str, Field(pattern=r"^[a-z]+/[A-Za-z0-9.+-]{1,100}$")]
    data: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$", min_length=4)]
    """Base64 (RFC 4648, section 4)."""

    @model_validator(mode="after")
    def _is_base64(self) -> Self:
        try:
            size = len(base64.b64decode(self.data, validate=True))
        except binascii.Error:
            raise ValueError("data: is not base64") from None
        if not 0 < size <= MAX_FILE_BYTES:
            raise ValueError(f"data: must hold 1 to {MAX_FILE_BYTES} bytes")
        return self


class DecisionBody(_Model):
    """A decision in the name of a member of the counter, who is responsible for it."""

    member: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
    """Key in `counter.members`."""
    decision: What
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    """For the asker: reason of `decline`, question of `ask`; with `accept` a note or a prescription token."""
    file: File | None = None
    """With `accept` and `ask`."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.decision is What.DECLINE and not self.text.strip():
            raise ValueError("text: is missing; a decline needs its reason")
        if self.decision is What.ASK and not self.text.strip() and self.file is None:
            raise ValueError("text: is missing; write the question")
        if self.file is not None and self.decision not in {What.ACCEPT, What.ASK}:
            raise ValueError("file: goes with accept and ask only")
        if self.text and self.decision in {What.HAND_OVER, What.TAKE, What.RELEASE}:
            raise ValueError("text: goes with accept, decline and ask only")
        return self

    def to_decision(self) -> Decision | None:
        """What the flow is told; None: TAKE or RELEASE, which it does not learn."""
        text = self.text.strip()
        match self.decision:
            case What.ACCEPT:
                return Accept(text, self._attachment())
            case What.DECLINE:
                return Decline(text)
            case What.ASK:
                return Ask(text, self._attachment())
            case What.HAND_OVER:
                return HandOver()
            case _:
                return None

    def _attachment(self) -> Attachment | None:
        if self.file is None:
            return None
        data = base64.b64decode(self.file.data)
        return Attachment(clean_file_name(self.file.name), {}, data, self.file.mime_type)


class Problem(_Model):
    """Why nothing was done."""

    error: str
    """For programs."""
    message: str
    """For people."""
