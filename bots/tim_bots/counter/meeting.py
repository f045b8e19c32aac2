"""A room of its own for a doctor and an asker, as long as the case is open."""

from datetime import datetime

from sqlalchemy import Connection

from tim_bots.cipher import Cipher
from tim_bots.counter.book import StoredCase
from tim_bots.counter.case import Member
from tim_bots.counter.counter import QUIET, Counter, Done, Refused
from tim_bots.counter.states import FINAL
from tim_bots.dialogue.memory import Memory
from tim_bots.dialogue.who import Lookup
from tim_bots.flow import CloseRoom, CreateRoom, Incoming, InviteUser, Outgoing, SendText
from tim_bots.messages import say

_KEY = "counter meeting"


class Meetings:
    """Opens temporary rooms; closing a case closes its room, see `Counter`.

    Args:
        counter: the cases.
        cipher: opens what the bot remembers about rooms.
        practice: how it is called in texts.
    """

    def __init__(self, counter: Counter, cipher: Cipher, practice: str) -> None:
        self._counter = counter
        self._lookup = Lookup(cipher)
        self._memory = Memory(cipher)
        self._practice = practice

    def begin(self, connection: Connection, stored: StoredCase, member: Member, now: datetime) -> Done | Refused:
        """A doctor wants to talk to the asker: take the case and create the room."""
        if not member.is_doctor or member.user_id is None:
            return Refused(say("counter-room-for-doctors"))
        if stored.temporary_room is not None:
            return Refused(say("counter-room-is-there", number=str(stored.number)))
        create = CreateRoom(say("counter-room-name", number=str(stored.number)), f"{_KEY} {stored.number}")
        if stored.standing.claimed_by == member.key and stored.standing.state not in FINAL:
            return Done(stored, (create,))
        claimed = self._counter.claim(connection, stored, member, now)
        return claimed if isinstance(claimed, Refused) else Done(claimed.stored, (*claimed.answers, create))

    def created(self, connection: Connection, message: Incoming) -> tuple[Outgoing, ...]:
        """The room is there, or was refused: invite both, or say so; of a case that was closed meanwhile, close it."""
        name, _, number = str(message.content.get("key", "")).rpartition(" ")
        stored = self._counter.book.by_number(connection, int(number)) if name == _KEY else None
        room_id = message.text
        if not room_id:
            return (SendText(say("counter-room-refused", number=number), extra=QUIET),)
        member = None if stored is None else self._counter.config.members.get(stored.standing.claimed_by or "")
        if stored is None or stored.standing.state in FINAL or stored.temporary_room is not None or member is None:
            return (CloseRoom(room_id),)
        self._counter.book.set_temporary_room(connection, stored, room_id)
        self._keep_silent(connection, room_id)
        welcome = say("counter-room-welcome", name=member.name, practice=self._practice)
        return (
            SendText(welcome, is_notice=True, extra=QUIET, room_id=room_id),
            InviteUser(member.user_id, room_id),
            InviteUser(stored.case.asker.user_id, room_id),
            SendText(say("counter-room-open", number=number, name=member.name), is_notice=True),
        )

    def _keep_silent(self, connection: Connection, room_id: str) -> None:
        who = self._lookup.who(room_id, "")
        manners = self._memory.manners(connection, who)
        self._memory.remember_manners(connection, who, manners.silent(True))
