"""What the bot remembers between two messages: one conversation per person and room, and its manners per room."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

PATIENCE = timedelta(minutes=30)
"""How long an offer or a question of the bot stands."""

_HELP_AGAIN_AFTER = timedelta(days=1)
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Idle(BaseModel):
    """Nothing is open."""

    model_config = _FROZEN

    step: Literal["idle"] = "idle"


class Offering(BaseModel):
    """Times are on offer; `slots` are their starts in the order shown, `shown` all starts shown so far."""

    model_config = _FROZEN

    step: Literal["offering"] = "offering"
    slots: tuple[datetime, ...]
    shown: tuple[datetime, ...]
    expires_at: datetime
    has_hinted: bool = False


class PickingBooking(BaseModel):
    """The person has several bookings and was asked which one to cancel; ids in the order shown."""

    model_config = _FROZEN

    step: Literal["picking_booking"] = "picking_booking"
    booking_ids: tuple[UUID, ...]
    expires_at: datetime
    has_hinted: bool = False


class ConfirmingCancellation(BaseModel):
    """The person was asked whether to really cancel."""

    model_config = _FROZEN

    step: Literal["confirming_cancellation"] = "confirming_cancellation"
    booking_id: UUID
    expires_at: datetime
    has_hinted: bool = False


Open = Offering | PickingBooking | ConfirmingCancellation
"""A conversation in which the bot waits for an answer."""
Conversation = Idle | Open
CONVERSATION: TypeAdapter[Conversation] = TypeAdapter(Annotated[Conversation, Field(discriminator="step")])


class RoomManners(BaseModel):
    """How the bot behaves in a room: it greets once, explains itself rarely and keeps out of others' talk.

    Args:
        is_greeted: the greeting was sent.
        explained_at: when the bot last said what it can do; None before.
        people: who has written here, as keyed hashes; no more than two are kept, as that says enough.
    """

    model_config = _FROZEN

    is_greeted: bool = False
    explained_at: datetime | None = None
    people: tuple[str, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether people talk to each other here, not only to the bot."""
        return len(self.people) > 1

    def with_person(self, person_key: str) -> "RoomManners":
        """The same room after `person_key` has written."""
        if person_key in self.people or self.is_shared:
            return self
        return self.model_copy(update={"people": (*self.people, person_key)})

    def explained(self, now: datetime) -> "RoomManners":
        """The same room after the bot has said what it can do."""
        return self.model_copy(update={"explained_at": now})

    def may_explain(self, now: datetime) -> bool:
        """Whether to answer a message that is not for the bot with a word of help."""
        return not self.is_shared and (self.explained_at is None or now - self.explained_at >= _HELP_AGAIN_AFTER)
