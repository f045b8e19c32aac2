"""A person takes over: the staff is brought in or told, and the bot falls silent."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from tim_bots.counter.person_wanted import PersonWanted
from tim_bots.dialogue.conversation import RoomManners
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.player import Player
from tim_bots.dialogue.wanted import wanted_label, wanted_room
from tim_bots.dialogue.who import Who
from tim_bots.flow import Incoming, InviteUser, MessageKind, Outgoing, SendText
from tim_bots.triage.desk import TIMER, Desk, Step

Settled = tuple[RoomManners, tuple[Outgoing, ...]]
"""The room afterwards and what is sent."""


class Handover:
    """Brings people of the staff together with whoever waits for them.

    Args:
        player: says things.
        desk: invites the staff; None: nobody can be brought in.
        staff_room: room id in which the staff learns that somebody waits; None: nobody is told.
        contact: how people reach the practice without the bot, as a sentence; None: unknown.
        counter: takes a request for a person, and what is said meanwhile; None: there is no counter.
    """

    def __init__(
        self,
        player: Player,
        desk: Desk | None,
        staff_room: str | None,
        contact: str | None,
        counter: PersonWanted | None = None,
    ) -> None:
        self._player = player
        self._counter = counter
        self._desk = desk
        self._contact = contact
        self.staff_room = staff_room

    def begin(self, connection: Connection, who: Who, manners: RoomManners, now: datetime) -> Settled:
        """Somebody wants to talk to a person."""
        if self._desk is not None:
            card = f"triage {uuid4()}"
            return self._apply(self._desk.begin(connection, who, None, card, now), manners, card)
        if self._counter is not None:
            comes = self._player.text(Say("counter-person-comes"))
            return manners.silent(True), (comes, *self._counter.wanted(connection, who, None, now))
        if self.staff_room is None and self._contact is None:
            return manners, (self._player.text(Say("dialogue-no-human")),)
        told = "dialogue-human-contact" if self.staff_room is None else "dialogue-human"
        answers: tuple[Outgoing, ...] = (self._player.text(Say(told, {"contact": self._contact or ""})),)
        if self.staff_room is not None:
            text, label = self._player.say(Say("dialogue-staff-wanted")), wanted_label(who.room_id)
            answers = (*answers, SendText(text, room_id=self.staff_room, label=label))
        return manners.silent(True), answers

    def staff_wrote(self, connection: Connection, message: Incoming, who: Who, manners: RoomManners) -> Settled | None:
        """Somebody of the staff takes a room, or is there already; None if the message is not that."""
        room_id = wanted_room(message.about)
        if room_id is not None and message.room_id == self.staff_room:
            told = self._player.text(Say("dialogue-staff-invited"))
            return manners, (InviteUser(message.sender, room_id), told)
        if self._desk is None or not self._desk.is_staff(message.sender):
            return None
        step = self._desk.staff_wrote(connection, who, message.sender)
        return self._apply(step, manners) if step.actions else None

    def overheard(self, connection: Connection, message: Incoming, now: datetime) -> tuple[Outgoing, ...]:
        """What is said while the bot keeps silent."""
        return () if self._counter is None else self._counter.overheard(connection, message, now)

    def happened(
        self, connection: Connection, message: Incoming, who: Who, manners: RoomManners, now: datetime
    ) -> Settled:
        """An invite was answered, or time has passed."""
        if self._desk is None:
            return manners, ()
        if message.kind is MessageKind.INVITE_RESULT:
            return self._apply(self._desk.invited(connection, who, message.sender, message.text, now), manners)
        if message.text == TIMER:
            return self._apply(self._desk.overdue(connection, who, now), manners)
        return manners, ()

    def _apply(self, step: Step, manners: RoomManners, card: str | None = None) -> Settled:
        text = "\n\n".join(map(self._player.say, step.says))
        said = (SendText(text, label=card),) if text else ()
        after = manners if step.is_silent is None else manners.silent(step.is_silent)
        return after, (*said, *step.actions)
