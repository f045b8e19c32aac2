"""The flow of all dialogues: one message in, answers out, everything in the chassis' transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from tim_bots.cipher import Cipher
from tim_bots.counter.person_wanted import PersonWanted
from tim_bots.dialogue.commands import Command, Spoken, read_spoken
from tim_bots.dialogue.conversation import Conversation, RoomManners
from tim_bots.dialogue.dialogue import Ask, Said, Say
from tim_bots.dialogue.engine import ALWAYS
from tim_bots.dialogue.handover import Handover, Settled
from tim_bots.dialogue.memory import Memory
from tim_bots.dialogue.player import Player
from tim_bots.dialogue.polls import read_vote
from tim_bots.dialogue.programs import Programs
from tim_bots.dialogue.skill import Skill, TimedSkill
from tim_bots.dialogue.who import Lookup, Who
from tim_bots.directory.role_book import RoleBook
from tim_bots.flow import Incoming, LookUpRoles, MessageKind, Outgoing, SendText
from tim_bots.persons.access import AccessRules
from tim_bots.persons.desk import CONNECT, PersonDesk
from tim_bots.triage.desk import Desk

_UNREADABLE = {
    MessageKind.ATTACHMENT: "dialogue-attachment",
    MessageKind.OTHER: "dialogue-other-kind",
}
_NOT_FROM_PEOPLE = {MessageKind.INVITE_RESULT, MessageKind.TIMER, MessageKind.ROLES, MessageKind.ROOM_CREATED}


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


@dataclass(frozen=True, slots=True)
class Opening:
    """A question that the bot asks right after its greeting; it follows from the skill's facts."""

    skill: Skill[Any]
    question: Callable[[Any], Ask]


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
        desk: brings in the staff; None: nobody can be brought in.
        opening: a skill and the question with which it follows the greeting; None: the bot waits to be asked.
        roles: what the directory says about people; None: it is not asked.
        persons: connects accounts with patients and takes withdrawals; None: neither is offered.
        access: decides who may use a skill; None: everybody.
        own_device: returns the bot's device id.
        counter: takes requests for a person; None: they only come up in `staff_room`.
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
        desk: Desk | None = None,
        opening: Opening | None = None,
        roles: RoleBook | None = None,
        persons: PersonDesk | None = None,
        access: AccessRules | None = None,
        own_device: Callable[[], str] = lambda: "",
        counter: PersonWanted | None = None,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._greeting = greeting
        self._opening = opening
        self._persons = persons
        self._roles = roles
        self._clock = clock
        self._lookup = Lookup(cipher)
        self._memory = Memory(cipher)
        self._player = Player(skills, organisation, self._memory, has_polls=has_polls, access=access)
        self._programs = Programs(self._player, own_device)
        self._handover = Handover(self._player, desk, staff_room, contact, counter)

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        """See `tim_bots.flow.Flow.handle`."""
        if message.kind is MessageKind.STATUS:
            return ()
        now = self._clock()
        who = self._lookup.who(message.room_id, message.sender)
        before = self._memory.manners(connection, who)
        manners = before if message.kind in _NOT_FROM_PEOPLE else before.with_person(who.person_key)
        answers: tuple[Outgoing, ...] = ()
        if message.kind in _NOT_FROM_PEOPLE:
            manners, answers = self._happened(connection, message, who, manners, now)
        elif message.kind is MessageKind.ROOM_JOINED:
            manners, answers = self._arrive(connection, who, manners, now)
        elif manners.may_speak(now):
            turn = _Turn(who, now, manners, self._memory.conversation(connection, who))
            manners, answers = self._hear(connection, message, turn)
            if answers:
                manners = manners.explained(now).spoken(now)
            if self._roles is not None and self._roles.roles_of(connection, who, now) is None:
                answers = (*answers, LookUpRoles(who.user_id))
        elif not manners.is_pausing:
            manners, answers = manners.pausing(), (SendText(self._player.say(Say("dialogue-pause")), is_notice=True),)
        if manners != before:
            self._memory.remember_manners(connection, who, manners)
        return answers

    def _arrive(self, connection: Connection, who: Who, manners: RoomManners, now: datetime) -> Settled:
        """Greet, but first learn whom: what is offered depends on the person's role."""
        if self._roles is not None and self._roles.roles_of(connection, who, now) is None:
            return manners, (LookUpRoles(who.user_id),)
        return self._greet(connection, who, manners, now)

    def _greet(self, connection: Connection, who: Who, manners: RoomManners, now: datetime) -> Settled:
        if manners.is_greeted:
            return manners, ()
        greeted = manners.model_copy(update={"is_greeted": True})
        if self._opening is None or who.room_id == self._handover.staff_room:
            return greeted, (self._player.text(self._greeting),)
        opening = self._opening
        asked = self._player.ask(connection, opening.skill, who, opening.question, now, self._greeting)
        return greeted, asked.answers

    def _hear(self, connection: Connection, message: Incoming, turn: _Turn) -> Settled:
        spoken = read_spoken(message.text if message.kind is MessageKind.TEXT else "")
        if (settled := self._handover.staff_wrote(connection, message, turn.who, turn.manners)) is not None:
            return settled
        if answers := self._at_any_time(connection, message, turn, spoken):
            return turn.manners, answers
        if turn.manners.is_silent:
            return self._while_silent(connection, message, turn, spoken)
        if spoken.command is Command.HUMAN and (spoken.addressed is not None or self._is_ours(turn)):
            return self._hand_over(connection, turn)
        return turn.manners, self._answer(connection, message, turn, spoken)

    def _answer(self, connection: Connection, message: Incoming, turn: _Turn, spoken: Spoken) -> tuple[Outgoing, ...]:
        if message.kind is MessageKind.DATA:
            return self._programs.hear(connection, message, turn.who, turn.conversation, turn.now)
        if message.kind in _UNREADABLE:
            return self._unreadable(turn, _UNREADABLE[message.kind])
        answers = self._converse(connection, message, turn, spoken)
        if not answers and message.kind is MessageKind.TEXT:
            return self._aside(turn, spoken)
        return answers

    def _at_any_time(
        self, connection: Connection, message: Incoming, turn: _Turn, spoken: Spoken
    ) -> tuple[Outgoing, ...]:
        """Connect an account, withdraw a consent; nothing if it is not that."""
        if self._persons is None:
            return ()
        said = Said(spoken, turn.now, event_id=message.event_id)
        if spoken.addressed == CONNECT:
            return (self._player.text(self._persons.connect(connection, turn.who, said)),)
        if spoken.command is not Command.WITHDRAW or not self._persons.withdraw(connection, turn.who, said):
            return ()
        self._memory.remember(connection, turn.who, None)
        return *self._player.end_poll(turn.conversation), self._player.text(Say("person-consent-withdrawn"))

    def _is_ours(self, turn: _Turn) -> bool:
        """Whether plain words in this room are meant for the bot."""
        return turn.conversation is not None or not turn.manners.is_shared

    def _unreadable(self, turn: _Turn, message_id: str) -> tuple[Outgoing, ...]:
        """Answer a message that is no text; what was on offer or asked stays so."""
        is_open = turn.conversation is not None and turn.now < turn.conversation.expires_at
        return (self._player.text(Say(message_id)),) if is_open or not turn.manners.is_shared else ()

    def _aside(self, turn: _Turn, spoken: Spoken) -> tuple[Outgoing, ...]:
        """A message that no dialogue took."""
        is_addressed = spoken.addressed is not None
        if is_addressed or not turn.manners.is_shared:
            match spoken.command:
                case Command.STOP | Command.WITHDRAW | Command.BACK if is_addressed:
                    return (self._player.text(Say("dialogue-nothing-open")),)
                case Command.HELP:
                    return (self._help(),)
        if is_addressed and not turn.manners.is_shared:
            return (self._help(),)
        return (self._help(),) if turn.manners.may_explain(turn.now) else ()

    def _help(self) -> SendText:
        texts = [self._player.say(skill.dialogue.help, skill) for skill in self._player.skills]
        return SendText("\n\n".join((*texts, self._player.say(ALWAYS))))

    # -- a person takes over ---------------------------------------------------------------------------------

    def _hand_over(self, connection: Connection, turn: _Turn) -> Settled:
        ended = self._player.end_poll(turn.conversation)
        self._memory.remember(connection, turn.who, None)
        manners, answers = self._handover.begin(connection, turn.who, turn.manners, turn.now)
        return manners, (*ended, *answers)

    def _happened(
        self, connection: Connection, message: Incoming, who: Who, manners: RoomManners, now: datetime
    ) -> Settled:
        """The directory or an invite was answered, or time has passed."""
        if message.kind is MessageKind.TIMER and (skill := self._timed(message.text)) is not None:
            key = message.text.partition(" ")[2]
            return manners, skill.due(connection, message.room_id, key, message.content, now)
        if message.kind is not MessageKind.ROLES:
            return self._handover.happened(connection, message, who, manners, now)
        if self._roles is not None:
            self._roles.remember(connection, who, message.text, now)
        return self._greet(connection, who, manners, now)

    def _timed(self, key: str) -> TimedSkill | None:
        """The skill whose timer this is; None if it is none of a skill."""
        for skill in self._player.skills:
            if key.startswith(f"{skill.dialogue.name} ") and isinstance(skill, TimedSkill):
                return skill
        return None

    def _while_silent(self, connection: Connection, message: Incoming, turn: _Turn, spoken: Spoken) -> Settled:
        is_called = spoken.command is Command.BOT or spoken.addressed is not None
        if not is_called or spoken.command is Command.HUMAN:
            return turn.manners, self._handover.overheard(connection, message, turn.now)
        manners = turn.manners.silent(False)
        back = self._player.text(Say("dialogue-back"))
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
                event_id=message.event_id,
            )
            is_own = conversation is not None and conversation.dialogue == skill.dialogue.name
            played = self._player.play(connection, skill, turn.who, conversation if is_own else None, said)
            if played is not None:
                ended = () if is_own else self._player.end_poll(conversation)
                return (*ended, *played.answers, *self._referred(connection, turn, played.refers_to))
        return ()

    def _referred(self, connection: Connection, turn: _Turn, dialogue: str | None) -> tuple[Outgoing, ...]:
        """Begin the dialogue that another one referred to."""
        for skill in self._player.skills:
            if skill.dialogue.name == dialogue:
                said = Said(read_spoken(f"!{skill.dialogue.command}"), turn.now, is_for_us=True)
                played = self._player.play(connection, skill, turn.who, None, said)
                return () if played is None else played.answers
        return ()

    def _candidates(self, conversation: Conversation | None, spoken: Spoken) -> list[Skill[Any]]:
        """The skill that is addressed, else the one that is talked about, else all in their order."""
        addressed = [skill for skill in self._player.skills if skill.dialogue.command == spoken.addressed]
        talking = [
            skill
            for skill in self._player.skills
            if conversation is not None and skill.dialogue.name == conversation.dialogue
        ]
        return addressed or [*talking, *(skill for skill in self._player.skills if skill not in talking)]
