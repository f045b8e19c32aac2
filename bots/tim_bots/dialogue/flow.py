"""The flow of all dialogues: one message in, answers out, everything in the chassis' transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from tim_bots.cipher import Cipher
from tim_bots.dialogue.commands import Command, Spoken, read_spoken
from tim_bots.dialogue.conversation import Conversation, RoomManners
from tim_bots.dialogue.dialogue import Said, Say
from tim_bots.dialogue.engine import ALWAYS, Engine, Reply
from tim_bots.dialogue.memory import Memory
from tim_bots.dialogue.polls import FEWEST, MOST, end_poll, read_vote, start_poll
from tim_bots.dialogue.skill import Performed, Skill
from tim_bots.dialogue.who import Lookup, Who
from tim_bots.flow import Incoming, MessageKind, Outgoing, SendText
from tim_bots.messages import say

_UNREADABLE = {
    MessageKind.ATTACHMENT: "dialogue-attachment",
    MessageKind.OTHER: "dialogue-other-kind",
}
_NOT_FROM_PEOPLE = {MessageKind.DATA, MessageKind.STATUS, MessageKind.INVITE_RESULT, MessageKind.TIMER}


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one message is about.

    Args:
        who: wrote it.
        now: the time.
        manners: of the room, this message included.
        conversation: open before it.
    """

    who: Who
    now: datetime
    manners: RoomManners
    conversation: Conversation | None


class DialogueFlow:
    """Speaks with people in rooms (a `tim_bots.flow.Flow`).

    Args:
        skills: what can be talked about; the first one that a message is for takes it.
        greeting: said once in each room that the bot joins.
        organisation: how the practice is called in texts.
        contact: how people reach the practice without the bot, as a sentence; None: unknown.
        staff_room: room id in which the staff learns that somebody wants to talk to a person; None: nobody is told.
        cipher: seals and hashes what identifies people.
        has_polls: offers choices as polls too.
        clock: returns the current time, timezone-aware.
    """

    def __init__(
        self,
        skills: Sequence[Skill[Any]],
        organisation: str,
        cipher: Cipher,
        *,
        greeting: Say,
        contact: str | None = None,
        staff_room: str | None = None,
        has_polls: bool = True,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._skills = skills
        self._organisation = organisation
        self._greeting = greeting
        self._contact = contact
        self._staff_room = staff_room
        self._has_polls = has_polls
        self._clock = clock
        self._lookup = Lookup(cipher)
        self._memory = Memory(cipher)

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        """See `tim_bots.flow.Flow.handle`."""
        if message.kind in _NOT_FROM_PEOPLE:
            return ()
        now = self._clock()
        who = self._lookup.who(message.room_id, message.sender)
        before = self._memory.manners(connection, who)
        manners = before.with_person(who.person_key)
        answers: tuple[Outgoing, ...] = ()
        if message.kind is MessageKind.ROOM_JOINED:
            manners, answers = self._greet(manners)
        elif manners.may_speak(now):
            turn = _Turn(who, now, manners, self._memory.conversation(connection, who))
            manners, answers = self._hear(connection, message, turn)
            if answers:
                manners = manners.explained(now).spoken(now)
        elif not manners.is_pausing:
            manners, answers = manners.pausing(), (SendText(self._say(Say("dialogue-pause")), is_notice=True),)
        if manners != before:
            self._memory.remember_manners(connection, who, manners)
        return answers

    def _greet(self, manners: RoomManners) -> tuple[RoomManners, tuple[Outgoing, ...]]:
        if manners.is_greeted:
            return manners, ()
        return manners.model_copy(update={"is_greeted": True}), (self._text(self._greeting),)

    def _hear(self, connection: Connection, message: Incoming, turn: _Turn) -> tuple[RoomManners, tuple[Outgoing, ...]]:
        spoken = read_spoken(message.text if message.kind is MessageKind.TEXT else "")
        is_addressed = spoken.addressed is not None
        if turn.manners.is_silent:
            return self._while_silent(connection, message, turn, spoken)
        if spoken.command is Command.HUMAN and (is_addressed or self._is_ours(turn)):
            return self._hand_over(connection, message, turn)
        if message.kind in _UNREADABLE:
            answers = self._unreadable(turn, _UNREADABLE[message.kind])
        else:
            answers = self._converse(connection, message, turn, spoken)
        if not answers and message.kind is MessageKind.TEXT:
            answers = self._aside(turn, spoken)
        return turn.manners, answers

    def _is_ours(self, turn: _Turn) -> bool:
        """Whether plain words in this room are meant for the bot."""
        return turn.conversation is not None or not turn.manners.is_shared

    def _unreadable(self, turn: _Turn, message_id: str) -> tuple[Outgoing, ...]:
        """Answer a message that is no text; what was on offer or asked stays so."""
        is_open = turn.conversation is not None and turn.now < turn.conversation.expires_at
        return (self._text(Say(message_id)),) if is_open or not turn.manners.is_shared else ()

    def _aside(self, turn: _Turn, spoken: Spoken) -> tuple[Outgoing, ...]:
        """A message that no dialogue took."""
        is_addressed = spoken.addressed is not None
        if is_addressed or not turn.manners.is_shared:
            match spoken.command:
                case Command.STOP | Command.WITHDRAW | Command.BACK if is_addressed:
                    return (self._text(Say("dialogue-nothing-open")),)
                case Command.HELP:
                    return (self._help(),)
        if is_addressed and not turn.manners.is_shared:
            return (self._help(),)
        return (self._help(),) if turn.manners.may_explain(turn.now) else ()

    def _help(self) -> SendText:
        texts = [self._say(skill.dialogue.help, skill) for skill in self._skills]
        return SendText("\n\n".join((*texts, self._say(ALWAYS))))

    # -- a person takes over ---------------------------------------------------------------------------------

    def _hand_over(
        self, connection: Connection, message: Incoming, turn: _Turn
    ) -> tuple[RoomManners, tuple[Outgoing, ...]]:
        answers = self._end_poll(turn.conversation)
        self._memory.remember(connection, turn.who, None)
        if self._staff_room is None and self._contact is None:
            return turn.manners, (*answers, self._text(Say("dialogue-no-human")))
        told = "dialogue-human-contact" if self._staff_room is None else "dialogue-human"
        answers = (*answers, self._text(Say(told, {"contact": self._contact or ""})))
        if self._staff_room is not None:
            link = f"https://matrix.to/#/{message.room_id}"
            staff = Say("dialogue-staff-wanted", {"person": message.sender, "link": link})
            answers = (*answers, SendText(self._say(staff), room_id=self._staff_room))
        return turn.manners.silent(True), answers

    def _while_silent(
        self, connection: Connection, message: Incoming, turn: _Turn, spoken: Spoken
    ) -> tuple[RoomManners, tuple[Outgoing, ...]]:
        is_called = spoken.command is Command.BOT or spoken.addressed is not None
        if not is_called or spoken.command is Command.HUMAN:
            return turn.manners, ()
        manners = turn.manners.silent(False)
        back = self._text(Say("dialogue-back"))
        if spoken.command is Command.BOT:
            return manners, (back,)
        return manners, (back, *self._converse(connection, message, turn, spoken))

    # -- dialogues -------------------------------------------------------------------------------------------

    def _converse(self, connection: Connection, message: Incoming, turn: _Turn, spoken: Spoken) -> tuple[Outgoing, ...]:
        conversation, vote = turn.conversation, None
        if message.kind is MessageKind.POLL_ANSWER:
            vote = read_vote(message.content)
            if vote is None or conversation is None or message.about != conversation.poll:
                return ()
        for skill in self._candidates(conversation, spoken):
            said = Said(
                spoken=spoken,
                now=turn.now,
                vote=vote,
                is_shared=turn.manners.is_shared,
                is_for_us=spoken.addressed == skill.dialogue.command,
            )
            is_own = conversation is not None and conversation.dialogue == skill.dialogue.name
            answers = self._play(connection, skill, turn.who, conversation if is_own else None, said)
            if answers is not None:
                ended = () if is_own else self._end_poll(conversation)
                return (*ended, *answers)
        return ()

    def _candidates(self, conversation: Conversation | None, spoken: Spoken) -> list[Skill[Any]]:
        """The skill that is addressed, else the one that is talked about, else all in their order."""
        addressed = [skill for skill in self._skills if skill.dialogue.command == spoken.addressed]
        talking = [
            skill for skill in self._skills if conversation is not None and skill.dialogue.name == conversation.dialogue
        ]
        return addressed or [*talking, *(skill for skill in self._skills if skill not in talking)]

    def _play(
        self, connection: Connection, skill: Skill[Any], who: Who, conversation: Conversation | None, said: Said
    ) -> tuple[Outgoing, ...] | None:
        """The answers; None if the message is not for this skill."""
        facts = skill.facts(connection, who, said.now)
        engine: Engine[Any] = Engine(skill.dialogue, str(uuid4()))
        reply = engine.respond(conversation, said, facts)
        performed = Performed(None)
        if reply.effect is not None:
            performed = skill.perform(connection, who, reply.effect, facts)
            facts = skill.facts(connection, who, said.now)
            reply = engine.resume(reply.conversation, reply.effect, performed.outcome, said, facts)
        if conversation is None and reply == Reply(None):
            return None
        after, polls = self._polls(conversation, reply, skill)
        if after != conversation:
            self._memory.remember(connection, who, after)
        text = self._spoken(reply, skill, performed.card)
        return (*performed.before, *text, *performed.attached, *polls)

    def _spoken(self, reply: Reply, skill: Skill[Any], card: str | None) -> tuple[Outgoing, ...]:
        """Everything that is said at once, in one message."""
        texts = [self._say(said, skill) for said in reply.says]
        return (SendText("\n\n".join(texts), label=card),) if texts else ()

    def _polls(
        self, before: Conversation | None, reply: Reply, skill: Skill[Any]
    ) -> tuple[Conversation | None, tuple[Outgoing, ...]]:
        """End the poll whose question is settled, start the one of a new question."""
        after, question = reply.conversation, reply.question
        if after is None:
            return None, self._end_poll(before)
        if not self._has_polls or question is None or question.poll is None:
            return after, ()
        ended = self._end_poll(before)
        if not FEWEST <= len(question.options) <= MOST:
            return after.model_copy(update={"poll": None}), ended
        label = f"poll {uuid4()}"
        started = start_poll(label, self._say(question.poll, skill), question.options)
        return after.model_copy(update={"poll": label}), (*ended, started)

    def _end_poll(self, conversation: Conversation | None) -> tuple[Outgoing, ...]:
        if conversation is None or conversation.poll is None:
            return ()
        return (end_poll(conversation.poll, self._say(Say("dialogue-poll-ended"))),)

    def _text(self, what: Say) -> SendText:
        return SendText(self._say(what))

    def _say(self, what: Say, skill: Skill[Any] | None = None) -> str:
        names = {"practice": self._organisation} | dict(skill.names if skill else {})
        return say(what.message_id, **names | dict(what.args))
