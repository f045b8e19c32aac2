"""A dialogue together with its facts and its effects on the world: what `DialogueFlow` can put into a room."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable
from uuid import UUID

from sqlalchemy import Connection

from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Dialogue, Said, Turn
from tim_bots.dialogue.who import Who
from tim_bots.flow import Outgoing
from tim_bots.structured.step import FlowStep

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Performed:
    """What became of an effect.

    Args:
        outcome: for the dialogue's `after`.
        before: sent in front of its answer, for example an edited status card.
        attached: sent behind it, for example a calendar file.
        card: label of the answer, so that it can be edited later; None: it stays as it is.
    """

    outcome: object
    before: tuple[Outgoing, ...] = ()
    attached: tuple[Outgoing, ...] = ()
    card: str | None = None


class Skill(Protocol, Generic[F]):
    """One kind of paperwork that can be talked about."""

    @property
    def dialogue(self) -> Dialogue[F]:
        """What is said."""
        ...

    @property
    def names(self) -> Mapping[str, str | int]:
        """Variables that every text of the dialogue may use, for example the practice's name."""
        ...

    def facts(self, connection: Connection, who: Who, now: datetime) -> F:
        """What the dialogue rests on."""
        ...

    def question_step(self, conversation: Conversation, facts: F) -> FlowStep | None:
        """What the conversation's open question is to programs; None if only people can answer it."""
        ...

    def outcome_step(self, effect: object, outcome: object, case_id: UUID) -> FlowStep | None:
        """What became of an effect, for programs; None if nothing was done."""
        ...

    def understand(self, step: FlowStep, conversation: Conversation | None, facts: F) -> Turn | None:
        """What a program's step leads to; None if this skill does not know the step."""
        ...

    def perform(self, connection: Connection, who: Who, effect: object, facts: F, said: Said) -> Performed:
        """Carry out an effect of the dialogue in the open transaction; must not commit."""
        ...


@runtime_checkable
class TimedSkill(Protocol):
    """A skill that acts when time has passed; its timers' keys begin with its dialogue's name and a blank."""

    def due(
        self, connection: Connection, room_id: str, key: str, payload: Mapping[str, Any], now: datetime
    ) -> tuple[Outgoing, ...]:
        """Act on a timer in the open transaction; must not commit.

        Args:
            connection: of the transaction.
            room_id: in which the timer was set.
            key: of the timer, without the dialogue's name.
            payload: as it was set.
            now: timezone-aware.
        """
        ...
