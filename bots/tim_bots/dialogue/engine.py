"""Plays a dialogue: conversation and message in, conversation and what to say or do out. Pure and total."""

from dataclasses import dataclass
from typing import Generic

from tim_bots.dialogue.commands import Command
from tim_bots.dialogue.conversation import Conversation, Frame
from tim_bots.dialogue.dialogue import (
    PATIENCE,
    Ask,
    Close,
    Dialogue,
    Do,
    F,
    Question,
    Refer,
    Said,
    Say,
    Stay,
    Step,
    Turn,
)

ALWAYS = Say("dialogue-help-always")
"""What can be written in every step."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What follows from a message.

    Args:
        conversation: afterwards; None: nothing is open.
        says: texts of the catalogue, in order; sent as one message.
        question: the question that was asked just now, for polls and structured data; None if none was.
        effect: what to do; `resume` takes the outcome. `says` is empty then.
        refers_to: name of the dialogue that goes on; None: this one.
    """

    conversation: Conversation | None
    says: tuple[Say, ...] = ()
    question: Question | None = None
    effect: object = None
    refers_to: str | None = None


class Engine(Generic[F]):
    """Plays one dialogue.

    Args:
        dialogue: its data.
        new_case_id: makes the id of a new conversation.
    """

    def __init__(self, dialogue: Dialogue[F], new_case_id: str) -> None:
        self._dialogue = dialogue
        self.case_id = new_case_id

    def respond(self, conversation: Conversation | None, said: Said, facts: F) -> Reply:
        """Decide on one message.

        Args:
            conversation: of this dialogue; None if none is open.
            said: the message.
            facts: what the dialogue rests on.

        Raises:
            Nothing.
        """
        step = self._step_of(conversation)
        if conversation is None or step is None:
            return self._begin(said, facts)
        if said.now >= conversation.expires_at:
            turn = step.late(conversation.frame, said, facts)
            return self._begin(said, facts) if turn is None else self._follow(None, turn, said, facts)
        return self._answer(conversation, step, said, facts)

    def _step_of(self, conversation: Conversation | None) -> Step[F] | None:
        return None if conversation is None else self._dialogue.step(conversation.frame.step)

    def _begin(self, said: Said, facts: F) -> Reply:
        if said.is_for_us and said.spoken.command is Command.HELP:
            return Reply(None, (self._dialogue.help, ALWAYS))
        turn = self._dialogue.begin(said, facts)
        return Reply(None) if turn is None else self._follow(None, turn, said, facts)

    def _answer(self, conversation: Conversation, step: Step[F], said: Said, facts: F) -> Reply:
        match said.spoken.command if said.vote is None else None:
            case Command.STOP | Command.WITHDRAW:
                return Reply(None, (step.stopped,))
            case Command.HELP:
                return Reply(conversation, (self._dialogue.help, ALWAYS))
            case Command.BACK:
                return self._asked(conversation.back(said.now + step.patience), (), facts)
            case _:
                turn = step.take(conversation.frame, said, facts)
        if turn is None:
            return self._hint(conversation, step.ask(conversation.frame, facts).hint, said)
        return self._follow(conversation, turn, said, facts)

    def _hint(self, conversation: Conversation, hint: Say, said: Said) -> Reply:
        """Say what is awaited: each time to someone alone with the bot, once among others."""
        if said.is_shared and conversation.has_hinted:
            return Reply(conversation)
        return Reply(conversation.model_copy(update={"has_hinted": True}), (hint,))

    def resume(self, conversation: Conversation | None, effect: object, outcome: object, said: Said, facts: F) -> Reply:
        """Go on after an effect.

        Args:
            conversation: in which it was decided; None if in none.
            effect: of the reply.
            outcome: what the world made of it.
            said: the message that led to it.
            facts: after the effect.
        """
        return self._follow(conversation, self._dialogue.after(effect, outcome, facts), said, facts)

    def follow(self, conversation: Conversation | None, turn: Turn, said: Said, facts: F) -> Reply:
        """Go on with a turn that was decided elsewhere, for example by what another program sent."""
        return self._follow(conversation, turn, said, facts)

    def _follow(self, conversation: Conversation | None, turn: Turn, said: Said, facts: F) -> Reply:
        match turn:
            case Do(effect):
                return Reply(conversation, effect=effect)
            case Close(says):
                return Reply(None, says)
            case Refer(dialogue, says):
                return Reply(None, says, refers_to=dialogue)
            case Stay(says):
                return Reply(conversation, says)
            case Ask(frame, before, is_renewal):
                return self._asked(self._at(conversation, frame, said, is_renewal=is_renewal), before, facts)

    def _at(self, conversation: Conversation | None, frame: Frame, said: Said, *, is_renewal: bool) -> Conversation:
        step = self._dialogue.step(frame.step)
        expires_at = said.now + (PATIENCE if step is None else step.patience)
        if conversation is None:
            return Conversation(dialogue=self._dialogue.name, case_id=self.case_id, frame=frame, expires_at=expires_at)
        return conversation.again(frame, expires_at) if is_renewal else conversation.asking(frame, expires_at)

    def _asked(self, conversation: Conversation, before: tuple[Say, ...], facts: F) -> Reply:
        step = self._step_of(conversation)
        if step is None:  # a step of an older version: better to forget it than to be stuck
            return Reply(None)
        question = step.ask(conversation.frame, facts)
        return Reply(conversation, (*before, question.text), question)
