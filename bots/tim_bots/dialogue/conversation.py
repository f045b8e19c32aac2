"""What is remembered between two messages: one conversation per person and room, and the bot's manners per room."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

_FROZEN = ConfigDict(frozen=True, extra="forbid")
_HELP_AGAIN_AFTER = timedelta(days=1)
DEEPEST = 8
"""So many questions can be gone back to."""


class Frame(BaseModel):
    """A question that was asked: the step and what it needs to know, by name."""

    model_config = _FROZEN

    step: str
    values: dict[str, tuple[str, ...]] = {}


class Conversation(BaseModel):
    """An open conversation: the bot waits for an answer.

    Args:
        dialogue: name of the dialogue.
        case_id: of everything that is said in it, see the control block; a UUID.
        frame: the question that is open.
        earlier: the questions before it, oldest first, for "zurück".
        expires_at: the question stands until then.
        has_hinted: the bot has said once what it awaits.
        poll: label of the poll that shows the question's options; None without one.
        reply_to: `msg_id` of the last step that the other side sent with a control block; None without one.
    """

    model_config = _FROZEN

    dialogue: str
    case_id: str
    frame: Frame
    earlier: tuple[Frame, ...] = ()
    expires_at: datetime
    has_hinted: bool = False
    poll: str | None = None
    reply_to: str | None = None

    def asking(self, frame: Frame, expires_at: datetime) -> "Conversation":
        """The same conversation with a new question; the old one can be gone back to."""
        earlier = (*self.earlier, self.frame)[-DEEPEST:]
        return self._at(frame, earlier, expires_at)

    def again(self, frame: Frame, expires_at: datetime) -> "Conversation":
        """The same conversation with its question renewed."""
        return self._at(frame, self.earlier, expires_at)

    def back(self, expires_at: datetime) -> "Conversation":
        """The question before this one; the first stays."""
        if not self.earlier:
            return self._at(self.frame, (), expires_at)
        return self._at(self.earlier[-1], self.earlier[:-1], expires_at)

    def _at(self, frame: Frame, earlier: tuple[Frame, ...], expires_at: datetime) -> "Conversation":
        changes = {"frame": frame, "earlier": earlier, "expires_at": expires_at, "has_hinted": False}
        return self.model_copy(update=changes)


class RoomManners(BaseModel):
    """How the bot behaves in a room: it greets once, explains itself rarely and keeps out of others' talk.

    Args:
        is_greeted: the greeting was sent.
        explained_at: when the bot last said what it can do; None before.
        people: who has written here, as keyed hashes; no more than two are kept, as that says enough.
        is_silent: a person has taken over; the bot says nothing until it is called.
        answered_at: when the bot spoke lately, newest last; see `may_speak`.
        is_pausing: the bot has said that it takes no more messages for now.
    """

    model_config = _FROZEN

    is_greeted: bool = False
    explained_at: datetime | None = None
    people: tuple[str, ...] = ()
    is_silent: bool = False
    answered_at: tuple[datetime, ...] = ()
    is_pausing: bool = False

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

    def silent(self, is_silent: bool) -> "RoomManners":
        """The same room after a person took over, or the bot was called back."""
        return self.model_copy(update={"is_silent": is_silent})

    def may_explain(self, now: datetime) -> bool:
        """Whether to answer a message that is not for the bot with a word of help."""
        return not self.is_shared and (self.explained_at is None or now - self.explained_at >= _HELP_AGAIN_AFTER)

    def spoken(self, now: datetime) -> "RoomManners":
        """The same room after the bot has answered."""
        recent = tuple(at for at in self.answered_at if now - at < RATE_WINDOW)
        return self.model_copy(update={"answered_at": (*recent, now)[-MOST_ANSWERS:], "is_pausing": False})

    def pausing(self) -> "RoomManners":
        """The same room after the bot has said that it pauses."""
        return self.model_copy(update={"is_pausing": True})

    def may_speak(self, now: datetime) -> bool:
        """Whether the bot has not answered too often lately: two programs that answer each other end here."""
        return sum(now - at < RATE_WINDOW for at in self.answered_at) < MOST_ANSWERS


RATE_WINDOW = timedelta(minutes=1)
MOST_ANSWERS = 30
"""A person does not write more often in a minute; two bots that answer each other do."""
