"""A dialogue as data: questions, what an answer leads to, and the words around them. `engine` plays it.

`F` are the facts a dialogue rests on: free times, the person's bookings. They come in with each message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from tim_bots.dialogue.choosing import Option
from tim_bots.dialogue.commands import Spoken
from tim_bots.dialogue.conversation import Frame

F = TypeVar("F")
PATIENCE = timedelta(minutes=30)
"""How long a question of the bot stands, unless its step says otherwise."""

Args = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Say:
    """Send a text of the catalogue."""

    message_id: str
    args: Args = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What a step asks.

    Args:
        text: the question with its numbered options; stands for itself in every client.
        hint: what to say to an answer that was not understood.
        options: what can be chosen, in the order of their numbers; empty for a free answer.
        poll: the question above a poll of the options; None: no poll.
    """

    text: Say
    hint: Say
    options: tuple[Option, ...] = ()
    poll: Say | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a person did, as far as a dialogue needs to know.

    Args:
        spoken: the text, taken apart.
        now: timezone-aware.
        vote: value of the option that the person voted for or that their software chose; None for text.
        is_shared: several people write in the room.
        is_for_us: the person used the dialogue's command.
        is_binding: `vote` was sent by a program for which it is the decision, not a click.
        event_id: of the message.
    """

    spoken: Spoken
    now: datetime
    vote: str | None = None
    is_shared: bool = False
    is_for_us: bool = False
    is_binding: bool = False
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Go to a step.

    Args:
        frame: the step and its values.
        before: said in front of the question.
        is_renewal: the step asks again; "zurück" does not come back to how it asked before.
    """

    frame: Frame
    before: tuple[Say, ...] = ()
    is_renewal: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """Say something; the question stands."""

    says: tuple[Say, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """Say something; the conversation is over."""

    says: tuple[Say, ...] = ()


@dataclass(frozen=True, slots=True)
class Do:
    """Have something done in the world; the dialogue's `after` says how to go on.

    Args:
        effect: what, as the dialogue's own data.
    """

    effect: object


@dataclass(frozen=True, slots=True)
class Refer:
    """Say something; another dialogue goes on from here, this conversation is over."""

    dialogue: str
    says: tuple[Say, ...] = ()


Turn = Ask | Stay | Close | Do | Refer


@dataclass(frozen=True, slots=True)
class Step(Generic[F]):
    """One question.

    Args:
        name: stored with the conversation; never renamed while conversations are open.
        ask: the question, anew each time it is asked.
        take: what an answer leads to; None if it was not understood.
        stopped: what "abbrechen" is answered with.
        late: what an answer after the end of patience leads to; None: the message is taken as a new one.
        patience: how long the question stands.
    """

    name: str
    ask: Callable[[Frame, F], Question]
    take: Callable[[Frame, Said, F], Turn | None]
    stopped: Say
    late: Callable[[Frame, Said, F], Turn | None]
    patience: timedelta = PATIENCE


@dataclass(frozen=True, slots=True)
class Dialogue(Generic[F]):
    """A kind of conversation.

    Args:
        name: stored with the conversation, and part of structured messages.
        command: the word after "!", folded.
        steps: its questions.
        begin: what a message outside of any question leads to; None if it is not for this dialogue.
        after: how to go on when an effect has been carried out: effect, outcome, facts.
        help: what can be written.
    """

    name: str
    command: str
    steps: tuple[Step[F], ...]
    begin: Callable[[Said, F], Turn | None]
    after: Callable[[object, object, F], Turn]
    help: Say

    def step(self, name: str) -> Step[F] | None:
        """The step of that name; None if this version of the dialogue has none."""
        return next((step for step in self.steps if step.name == name), None)
