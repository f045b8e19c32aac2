"""Brings the staff into the room: invites one after the other until somebody is there, then steps back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, Connection, String, Table, delete, insert, select

from tim_bots.cipher import Cipher
from tim_bots.counter.person_wanted import PersonWanted
from tim_bots.database import metadata, sealed
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.wanted import wanted_label
from tim_bots.dialogue.who import Who
from tim_bots.flow import CancelTimer, InviteUser, Outgoing, SendText, SetTimer
from tim_bots.messages import DEFAULT_LANGUAGE
from tim_bots.triage.config import StaffConfig
from tim_bots.triage.routing import Candidate, next_candidate

TIMER = "triage"
_STATE = "triage_routing.state"
_DAYS = {"mo": "Mo", "di": "Di", "mi": "Mi", "do": "Do", "fr": "Fr", "sa": "Sa", "so": "So"}

_routing = Table(
    "triage_routing",
    metadata,
    Column("room_key", String(64), primary_key=True),
    sealed("state", "room_key"),
)


class Routing(BaseModel):
    """Somebody waits in a room for the staff.

    Args:
        concern: key in the configuration; None: the person just wants to talk to somebody.
        tried: keys of the persons that were invited, the newest last.
        card: label of the message that shows how far it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concern: str | None
    tried: tuple[str, ...]
    card: str


@dataclass(frozen=True, slots=True)
class Step:
    """What the desk says and does.

    Args:
        says: texts of the catalogue.
        actions: what else is sent.
        is_silent: the bot steps back (True), speaks again (False), or stays as it is (None).
    """

    says: tuple[Say, ...] = ()
    actions: tuple[Outgoing, ...] = ()
    is_silent: bool | None = None


class Desk:
    """Routes people to the staff, in the caller's transaction.

    Args:
        staff: who is there for what.
        cipher: seals what is kept.
        say: fills in a text of the catalogue.
        staff_room: where the staff learns of a concern that nobody took; None: nowhere.
        contact: how people reach the practice without the bot.
        counter: takes a concern that nobody took; None: it only comes up in `staff_room`.
    """

    def __init__(
        self,
        staff: StaffConfig,
        cipher: Cipher,
        say: Callable[[Say], str],
        *,
        staff_room: str | None,
        contact: str | None,
        counter: PersonWanted | None = None,
    ) -> None:
        self.staff = staff
        self._cipher = cipher
        self._say = say
        self._staff_room = staff_room
        self._contact = contact
        self._counter = counter
        self._keys = {person.user_id: key for key, person in staff.persons.items()}

    def is_staff(self, user_id: str) -> bool:
        """Whether somebody is of the configured staff."""
        return user_id in self._keys

    def begin(self, connection: Connection, who: Who, concern: str | None, card: str, now: datetime) -> Step:
        """Invite the first person for a concern."""
        candidate = next_candidate(self.staff, concern, (), now)
        if candidate is None:
            return self._nobody(connection, who, concern, now)
        self._remember(connection, who, Routing(concern=concern, tried=(candidate.key,), card=card))
        return Step((*self._announced(candidate, now), Say("triage-meanwhile")), self._invitation(candidate, now))

    def invited(self, connection: Connection, who: Who, user_id: str, errcode: str, now: datetime) -> Step:
        """An invite arrived, or was refused: the person's own permission configuration decides."""
        routing = self._load(connection, who)
        if routing is None or self._keys.get(user_id) != routing.tried[-1]:
            return Step()
        if errcode:
            return self._next(connection, who, routing, "triage-not-reachable", now)
        card = self._card(routing, "triage-card-invited", user_id)
        return Step(actions=(card,), is_silent=True)

    def overdue(self, connection: Connection, who: Who, now: datetime) -> Step:
        """Nobody of those invited has written yet."""
        routing = self._load(connection, who)
        return Step() if routing is None else self._next(connection, who, routing, "triage-no-answer", now)

    def staff_wrote(self, connection: Connection, who: Who, user_id: str) -> Step:
        """Somebody of the staff is there: the bot hands over."""
        routing = self._load(connection, who)
        if routing is None:
            return Step()
        self._forget(connection, who)
        card = self._card(routing, "triage-card-taken", user_id)
        return Step(actions=(card, CancelTimer(TIMER)), is_silent=True)

    def _next(self, connection: Connection, who: Who, routing: Routing, because: str, now: datetime) -> Step:
        last = self.staff.persons[routing.tried[-1]]
        before = Say(because, {"name": last.name})
        candidate = next_candidate(self.staff, routing.concern, routing.tried, now)
        if candidate is None:
            self._forget(connection, who)
            nobody = self._nobody(connection, who, routing.concern, now)
            return Step((before, *nobody.says), (*nobody.actions, CancelTimer(TIMER)), nobody.is_silent)
        changed = routing.model_copy(update={"tried": (*routing.tried, candidate.key)})
        self._remember(connection, who, changed)
        return Step((before, *self._announced(candidate, now)), self._invitation(candidate, now))

    def _invitation(self, candidate: Candidate, now: datetime) -> tuple[Outgoing, ...]:
        person = self.staff.persons[candidate.key]
        return InviteUser(person.user_id), SetTimer(TIMER, now + self.staff.patience)

    def _announced(self, candidate: Candidate, now: datetime) -> tuple[Say, ...]:
        name = self.staff.persons[candidate.key].name
        says: list[Say] = []
        if candidate.stands_in_for is not None and candidate.absence is not None:
            until = format_date(candidate.absence.last, "d. MMMM y", locale=DEFAULT_LANGUAGE)
            says.append(Say("triage-deputy", {"name": name, "absent": candidate.stands_in_for, "until": until}))
        if not self.staff.is_open(now):
            says.append(Say("triage-closed", {"name": name, "hours": self._hours()}))
        elif not candidate.is_there:
            says.append(Say("triage-later", {"name": name}))
        return (*says, Say("triage-inviting", {"name": name}))

    def _hours(self) -> str:
        """E.g. "Mo 08:00-12:00, 14:00-17:00; Di 08:00-12:00"."""
        by_day: dict[str, list[str]] = {}
        for path, found in self.staff.hours.every():
            times = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (found.opens, found.closes))
            by_day.setdefault(_DAYS[path.partition(".")[0]], []).append("–".join(times))
        return "; ".join(f"{day} {', '.join(times)}" for day, times in by_day.items())

    def _nobody(self, connection: Connection, who: Who, concern: str | None, now: datetime) -> Step:
        self._forget(connection, who)
        actions: tuple[Outgoing, ...] = ()
        told, label = "triage-nobody", None if concern is None else self.staff.concerns[concern].label
        if self._counter is not None:
            told, actions = "counter-nobody-but-told", self._counter.wanted(connection, who, label, now)
        elif self._staff_room is not None:
            wanted = self._say(Say("triage-staff-wanted", {"concern": label or "Mensch"}))
            told = "triage-nobody-but-told"
            actions = (SendText(wanted, room_id=self._staff_room, label=wanted_label(who.room_id)),)
        says = [Say(told, {"hours": self._hours()})]
        if self._contact is not None:
            says.append(Say("triage-contact", {"contact": self._contact}))
        return Step(tuple(says), actions, is_silent=self._counter is not None)

    def _card(self, routing: Routing, message_id: str, user_id: str) -> SendText:
        name = self.staff.persons[self._keys[user_id]].name
        return SendText(self._say(Say(message_id, {"name": name})), is_notice=True, label=routing.card, edits=True)

    # -- storage ---------------------------------------------------------------------------------------------

    def _load(self, connection: Connection, who: Who) -> Routing | None:
        state = connection.scalar(select(_routing.c.state).where(_routing.c.room_key == who.room_key))
        return None if state is None else Routing.model_validate_json(self._cipher.open(state, _STATE, who.room_key))

    def _remember(self, connection: Connection, who: Who, routing: Routing) -> None:
        self._forget(connection, who)
        state = self._cipher.seal(routing.model_dump_json().encode(), _STATE, who.room_key)
        connection.execute(insert(_routing).values(room_key=who.room_key, state=state))

    def _forget(self, connection: Connection, who: Who) -> None:
        connection.execute(delete(_routing).where(_routing.c.room_key == who.room_key))
