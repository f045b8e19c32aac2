"""Plays a skill: engine, effects, polls and blocks for programs, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection

from tim_bots.dialogue.commands import read_spoken
from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Ask, Said, Say, Turn
from tim_bots.dialogue.engine import Engine, Reply
from tim_bots.dialogue.memory import Memory
from tim_bots.dialogue.polls import FEWEST, MOST, end_poll, start_poll
from tim_bots.dialogue.skill import Performed, Skill
from tim_bots.dialogue.who import Who
from tim_bots.flow import Outgoing, SendText
from tim_bots.messages import DEFAULT_LANGUAGE, say
from tim_bots.persons.access import Access, AccessRules
from tim_bots.persons.config import Identity
from tim_bots.persons.dialogue import CONSENT, ask_consent
from tim_bots.structured.step import FlowStep, message_keys
from tim_bots.structured.usage import Direction, count_step


@dataclass(frozen=True, slots=True)
class Played:
    """What was said, and whether what was wished for could be done.

    Args:
        answers: in order.
        is_done: False if an effect failed or there was nothing to do it to.
        refers_to: name of the dialogue that goes on; None: this one.
    """

    answers: tuple[Outgoing, ...]
    is_done: bool
    refers_to: str | None = None


class Player:
    """Plays skills and keeps the conversations.

    Args:
        skills: in the order in which they are asked.
        organisation: how the practice is called in texts.
        memory: keeps conversations.
        has_polls: offers choices as polls too.
        access: decides who may use a skill; None: everybody.
        language: ISO 639 code.
    """

    def __init__(
        self,
        skills: Sequence[Skill[Any]],
        organisation: str,
        memory: Memory,
        *,
        has_polls: bool,
        access: AccessRules | None = None,
        language: str = DEFAULT_LANGUAGE,
    ) -> None:
        self.skills = skills
        self._organisation = organisation
        self._memory = memory
        self._has_polls = has_polls
        self._access = access
        self._language = language

    def play(
        self,
        connection: Connection,
        skill: Skill[Any],
        who: Who,
        conversation: Conversation | None,
        said: Said,
        step: FlowStep | None = None,
    ) -> Played | None:
        """Let a skill take a message.

        Args:
            connection: of the transaction.
            skill: see above.
            who: wrote it.
            conversation: open with this skill; None if none is.
            said: the message.
            step: what a program sent; None for people.

        Returns:
            None if the message is not for this skill.
        """
        facts = skill.facts(connection, who, said.now)
        engine: Engine[Any] = Engine(skill.dialogue, str(step.case_id if step else uuid4()))
        case_id = UUID(conversation.case_id) if conversation else UUID(engine.case_id)
        reply = self._decide(engine, skill, conversation, said, step, facts)
        if reply is None:
            return None
        if reply.says[:1] != (skill.dialogue.help,) and (refused := self._refuse(connection, skill, who, said, step)):
            return replace(refused, answers=(*self.end_poll(conversation), *refused.answers))
        effect, performed = reply.effect, Performed(None)
        if effect is not None:
            performed = skill.perform(connection, who, effect, facts, said)
            facts = skill.facts(connection, who, said.now)
            reply = engine.resume(reply.conversation, effect, performed.outcome, said, facts)
        after, polls = self._polls(conversation, reply, skill)
        block = self._block(skill, effect, performed, reply, case_id, facts)
        if step is not None and block is not None:
            block = replace(block, reply_to=step.msg_id)
        self._memory.remember(connection, who, after)
        if block is not None:
            count_step(connection, Direction.SENT, block)
        text = self._spoken(reply, skill, performed.card, block)
        is_asked = reply.question is not None and reply.says == (reply.question.text,)
        is_done = performed.outcome is not None or (effect is None and is_asked)
        return Played((*performed.before, *text, *performed.attached, *polls), is_done, reply.refers_to)

    def _refuse(
        self, connection: Connection, skill: Skill[Any], who: Who, said: Said, step: FlowStep | None
    ) -> Played | None:
        """What to say to a person who may not use a skill; None if they may."""
        name = skill.dialogue.name
        access = Access.GRANTED if self._access is None else self._access.decide(connection, who, name, said.now)
        if self._access is None or access is Access.GRANTED:
            return None
        self._memory.remember(connection, who, None)
        if access is Access.UNKNOWN_PERSON:
            has_pin = Identity.PIN in self._access.needs(name).identity
            return Played((self.text(Say("person-unknown-pin" if has_pin else "person-unknown")),), is_done=False)
        asking = next((one for one in self.skills if one.dialogue.name == CONSENT), None)
        if asking is None or step is not None:  # a program cannot consent for a person
            return Played((self.text(Say("person-consent-refused")),), is_done=False)
        return self.ask(connection, asking, who, lambda _facts: ask_consent(name), said.now)

    def ask(
        self,
        connection: Connection,
        skill: Skill[Any],
        who: Who,
        question: Callable[[Any], Ask],
        now: datetime,
        *before: Say,
    ) -> Played:
        """Begin a conversation with a question of the bot's own, which follows from the skill's facts."""
        facts = skill.facts(connection, who, now)
        turn = replace(question(facts), before=before)
        engine: Engine[Any] = Engine(skill.dialogue, str(uuid4()))
        reply = engine.follow(None, turn, Said(read_spoken(""), now), facts)
        after, polls = self._polls(None, reply, skill)
        self._memory.remember(connection, who, after)
        return Played((*self._spoken(reply, skill, None, None), *polls), is_done=True)

    def _decide(
        self,
        engine: Engine[Any],
        skill: Skill[Any],
        conversation: Conversation | None,
        said: Said,
        step: FlowStep | None,
        facts: Any,
    ) -> Reply | None:
        if step is None:
            reply = engine.respond(conversation, said, facts)
            return None if conversation is None and reply == Reply(None) else reply
        turn: Turn | None = skill.understand(step, conversation, facts)
        return None if turn is None else engine.follow(conversation, turn, said, facts)

    def _block(
        self, skill: Skill[Any], effect: object, performed: Performed, reply: Reply, case_id: UUID, facts: Any
    ) -> FlowStep | None:
        """What the answer is to programs: what was done, else what is asked."""
        if effect is not None and performed.outcome is not None:
            return skill.outcome_step(effect, performed.outcome, case_id)
        if reply.question is not None and reply.conversation is not None:
            return skill.question_step(reply.conversation, facts)
        return None

    def _spoken(
        self, reply: Reply, skill: Skill[Any], card: str | None, block: FlowStep | None
    ) -> tuple[Outgoing, ...]:
        """Everything that is said at once, in one message."""
        text = "\n\n".join(self.say(said, skill) for said in reply.says)
        if not text:
            return ()
        return (SendText(text, label=card, extra={} if block is None else message_keys(block, text)),)

    def _polls(
        self, before: Conversation | None, reply: Reply, skill: Skill[Any]
    ) -> tuple[Conversation | None, tuple[Outgoing, ...]]:
        """End the poll whose question is settled, start the one of a new question."""
        after, question = reply.conversation, reply.question
        if after is None:
            return None, self.end_poll(before)
        if not self._has_polls or question is None or question.poll is None:
            return after, ()
        ended = self.end_poll(before)
        if not FEWEST <= len(question.options) <= MOST:
            return after.model_copy(update={"poll": None}), ended
        label = f"poll {uuid4()}"
        started = start_poll(label, self.say(question.poll, skill), question.options)
        return after.model_copy(update={"poll": label}), (*ended, started)

    def end_poll(self, conversation: Conversation | None) -> tuple[Outgoing, ...]:
        """End the poll of a conversation, if it has one."""
        if conversation is None or conversation.poll is None:
            return ()
        return (end_poll(conversation.poll, self.say(Say("dialogue-poll-ended"))),)

    def text(self, what: Say) -> SendText:
        """A text message of the catalogue."""
        return SendText(self.say(what))

    def say(self, what: Say, skill: Skill[Any] | None = None) -> str:
        """A text of the catalogue, with the names of the practice and of the skill filled in."""
        names = {"practice": self._organisation} | dict(skill.names if skill else {})
        return say(what.message_id, self._language, **names | dict(what.args))
