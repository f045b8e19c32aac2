"""A dialogue together with its facts and its effects on the world: what `DialogueFlow` can put into a room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection

from tim_bots.dialogue.dialogue import Dialogue
from tim_bots.dialogue.who import Who
from tim_bots.flow import Outgoing

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
    card: str | None = field(default=None)


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

    def perform(self, connection: Connection, who: Who, effect: object, facts: F) -> Performed:
        """Carry out an effect of the dialogue in the open transaction; must not commit."""
        ...
