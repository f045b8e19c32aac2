"""What flows use: a case goes to the staff's room as a card, decisions go to its flow, answers come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy import Connection

from tim_bots.cipher import Cipher
from tim_bots.counter.book import CaseBook, StoredCase
from tim_bots.counter.card import Cards, card_label, message_label
from tim_bots.counter.case import (
    Accept,
    Ask,
    CounterCase,
    CounterFlow,
    Decision,
    DecisionRefused,
    Decline,
    HandOver,
    Member,
    Urgency,
)
from tim_bots.counter.config import CounterConfig
from tim_bots.counter.schedule import SUMMARY_TIMER, next_summary, overdue_timer, within_hours
from tim_bots.counter.states import FINAL, Hindrance, Move, move
from tim_bots.flow import CancelTimer, CloseRoom, Outgoing, SendEvent, SendText, SetTimer
from tim_bots.messages import say

QUIET: Mapping[str, Any] = {"m.mentions": {}}
"""Nobody is called by what a foreign text happens to contain, such as "@room"."""
LISTED = 30
"""So many cases in one list; a longer one is not read."""
_LONGEST_NOTE = 500
_MOVES = {Accept: Move.ACCEPT, Decline: Move.DECLINE, Ask: Move.ASK, HandOver: Move.HAND_OVER}


@dataclass(frozen=True, slots=True)
class Done:
    """A decision was carried out.

    Args:
        stored: the case afterwards.
        answers: what is sent, the changed card included.
    """

    stored: StoredCase
    answers: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed.

    Args:
        text: tells the member why, in German.
        why: for programs; None: the flow refused.
    """

    text: str
    why: Hindrance | None = None


class Counter:
    """The counter of one practice, in the caller's transaction.

    Args:
        config: who works there.
        cipher: seals what is kept.
        staff_room: where the cards are.
    """

    def __init__(self, config: CounterConfig, cipher: Cipher, staff_room: str) -> None:
        self.config = config
        self.staff_room = staff_room
        self.book = CaseBook(cipher)
        self.cards = Cards(config)
        self._flows: dict[str, CounterFlow] = {}

    def register(self, flow: CounterFlow) -> None:
        """Let this flow carry out decisions on its kind of case.

        Raises:
            ValueError: there is one for this kind; a fault of the program.
        """
        if flow.kind in self._flows:
            raise ValueError(f"two flows for cases of kind {flow.kind!r}")
        self._flows[flow.kind] = flow

    def open(self, connection: Connection, case: CounterCase) -> tuple[int, tuple[Outgoing, ...]]:
        """Put a case on the counter.

        Returns:
            The number that the staff types, and what the flow must send along with its own answers.

        Raises:
            IntegrityError: the flow opened it before.
        """
        stored = self.book.add(connection, case)
        timers = (self._overdue_timer(stored, case.opened_at), *self.summary_timer(case.opened_at))
        return stored.number, (self.card(stored), *timers)

    def answered(
        self,
        connection: Connection,
        case_id: UUID,
        text: str,
        event_id: str,
        now: datetime,
        attachment: Mapping[str, Any] | None = None,
    ) -> tuple[Outgoing, ...]:
        """The asker said something about a case: a reply on its card.

        Args:
            connection: of the transaction.
            case_id: of the case; of one that is closed or unknown, nothing is said.
            text: plain text, foreign.
            event_id: of the asker's message.
            now: timezone-aware.
            attachment: checked content of an `m.file` event; sent on as it is. None: there is none.
        """
        stored = self.book.by_id(connection, case_id)
        if stored is None or stored.standing.state in FINAL:
            return ()
        changed = self._moved(connection, stored, Move.ANSWER, None, now)
        answers: list[Outgoing] = []
        if text:
            told = say("counter-asker-says", number=str(stored.number), text=text)
            answers.append(self._reply(stored, told, event_id))
        if attachment is not None:
            answers.append(
                SendEvent(
                    "m.room.message",
                    {**attachment, **QUIET},
                    label=message_label(stored.number, f"{event_id} file"),
                    room_id=self.staff_room,
                    replies_to=card_label(stored.number),
                )
            )
        if isinstance(changed, StoredCase) and changed.standing != stored.standing:
            answers.append(self.card(changed, edits=True))
        return tuple(answers)

    def withdraw(self, connection: Connection, case_id: UUID, why: str, now: datetime) -> tuple[Outgoing, ...]:
        """The asker does not want it any more, or the flow ended it; nothing if it is closed already.

        Args:
            connection: of the transaction.
            case_id: of the case.
            why: for the staff, German; on the card.
            now: timezone-aware.
        """
        stored = self.book.by_id(connection, case_id)
        if stored is None:
            return ()
        changed = self._moved(connection, stored, Move.WITHDRAW, None, now, why)
        if not isinstance(changed, StoredCase):
            return ()
        told = say("counter-withdrawn", number=str(stored.number), why=why)
        reply = self._reply(stored, told, "withdrawn")
        return self.card(changed, edits=True), reply, *self._ended(changed)

    def tell(self, connection: Connection, case_id: UUID, text: str, event_id: str) -> tuple[Outgoing, ...]:
        """Something the staff should know about a case, open or closed: a reply on its card; German."""
        stored = self.book.by_id(connection, case_id)
        if stored is None:
            return ()
        return (self._reply(stored, text, event_id),)

    def decide(
        self, connection: Connection, stored: StoredCase, decision: Decision, member: Member, now: datetime
    ) -> Done | Refused:
        """Carry out a decision of a member: all of it, or nothing."""
        if isinstance(decision, HandOver) and not any(one.is_doctor for one in self.config.members.values()):
            return Refused(say("counter-no-doctor"))
        flow = self._flows.get(stored.case.kind)
        if flow is None:
            return Refused(say("counter-no-flow"))
        how, note = _MOVES[type(decision)], _note(decision)
        try:
            with connection.begin_nested():
                changed = self._moved(connection, stored, how, member, now, note)
                if isinstance(changed, Refused):
                    return changed
                answers = flow.decide(connection, stored.case.case_id, decision, member, now)
        except DecisionRefused as refused:
            return Refused(str(refused))
        ended = self._ended(changed) if changed.standing.state in FINAL else ()
        return Done(changed, (*answers, self.card(changed, edits=True), *ended))

    def claim(self, connection: Connection, stored: StoredCase, member: Member, now: datetime) -> Done | Refused:
        """Take a case, so that nobody else works on it."""
        return self._only_moved(connection, stored, Move.TAKE, member, now)

    def release(self, connection: Connection, stored: StoredCase, member: Member, now: datetime) -> Done | Refused:
        """Give a case back; a doctor may do so for others."""
        return self._only_moved(connection, stored, Move.RELEASE, member, now)

    def card(self, stored: StoredCase, *, edits: bool = False) -> SendText:
        """The card as it is now."""
        label = card_label(stored.number)
        return SendText(self.cards.card(stored), extra=QUIET, room_id=self.staff_room, label=label, edits=edits)

    def _reply(self, stored: StoredCase, text: str, name: str) -> SendText:
        """A reply on the card; `name` tells it from the others on this card."""
        label, card = message_label(stored.number, name), card_label(stored.number)
        return SendText(text, extra=QUIET, room_id=self.staff_room, label=label, replies_to=card)

    def overdue(self, connection: Connection, number: int, now: datetime) -> tuple[Outgoing, ...]:
        """The timer of a case is due: mark it, say so, and come again."""
        stored = self.book.by_number(connection, number)
        if stored is None or stored.standing.state in FINAL:
            return ()
        stored = self.book.note_overdue(connection, stored)
        told = say("counter-overdue", line=self.cards.line(stored, now))
        reply = self._reply(stored, told, f"overdue {stored.times_overdue}")
        return self.card(stored, edits=True), reply, self._overdue_timer(stored, now)

    def summary(self, connection: Connection, now: datetime) -> tuple[Outgoing, ...]:
        """The daily list of what is open; it comes again as long as something was."""
        closed = sum(self.book.count_closed_since(connection, now - timedelta(days=1)).values())
        count = self.book.count_open(connection)
        if not count and not closed:
            return ()
        shown = self.open_list(connection, now)
        told = say("counter-summary", count=count, closed=closed, lines=shown)
        return SendText(told, extra=QUIET, room_id=self.staff_room), *self.summary_timer(now)

    def open_list(self, connection: Connection, now: datetime, claimed_by: str | None = None) -> str:
        """Lines of the first open cases, and how many more there are."""
        cases: Sequence[StoredCase] = self.book.open_cases(connection, claimed_by=claimed_by, limit=LISTED)
        more = self.book.count_open(connection, claimed_by=claimed_by) - len(cases)
        lines = self.cards.lines(cases, now)
        return "\n".join((lines, say("counter-more", count=more))) if more > 0 else lines

    def summary_timer(self, now: datetime) -> tuple[SetTimer, ...]:
        """Sets the next summary; setting it again changes nothing."""
        due = next_summary(self.config.summary_time, self.config.zone, now)
        return () if due is None else (SetTimer(SUMMARY_TIMER, due, room_id=self.staff_room),)

    def _only_moved(
        self, connection: Connection, stored: StoredCase, how: Move, member: Member, now: datetime
    ) -> Done | Refused:
        changed = self._moved(connection, stored, how, member, now)
        return changed if isinstance(changed, Refused) else Done(changed, (self.card(changed, edits=True),))

    def _moved(
        self,
        connection: Connection,
        stored: StoredCase,
        how: Move,
        member: Member | None,
        now: datetime,
        note: str | None = None,
    ) -> StoredCase | Refused:
        after = move(stored.standing, how, member)
        if isinstance(after, Hindrance):
            return self._refused(stored, after)
        changed = self.book.change(connection, stored, after, now, note)
        if changed is not None:
            return changed
        newer = self.book.by_number(connection, stored.number) or stored
        is_closed = newer.standing.state in FINAL
        return self._refused(newer, Hindrance.CLOSED if is_closed else Hindrance.TAKEN)

    def _refused(self, stored: StoredCase, why: Hindrance) -> Refused:
        name = self.cards.member_name(stored.standing.claimed_by)
        return Refused(say(why, number=str(stored.number), name=name), why)

    def _ended(self, stored: StoredCase) -> tuple[Outgoing, ...]:
        """A closed case is not overdue, and its temporary room is closed."""
        room_id = stored.temporary_room
        close = () if room_id in {None, stored.case.asker.room_id} else (CloseRoom(str(room_id)),)
        return CancelTimer(overdue_timer(stored.number), room_id=self.staff_room), *close

    def _overdue_timer(self, stored: StoredCase, since: datetime) -> SetTimer:
        is_urgent = stored.case.urgency is Urgency.URGENT
        due = since + (self.config.overdue_urgent if is_urgent else self.config.overdue)
        due = within_hours(self.config.hours, self.config.zone, due)
        return SetTimer(overdue_timer(stored.number), due, {"number": stored.number}, room_id=self.staff_room)


@runtime_checkable
class HasCounter(Protocol):
    """A flow whose cases can be decided from elsewhere too."""

    counter: Counter


def _note(decision: Decision) -> str | None:
    """What of a decision stands on the card: never what may be a prescription token, which anybody could redeem."""
    match decision:
        case Decline(text) | Ask(text, _) if text and "ac=" not in text:
            return text if len(text) <= _LONGEST_NOTE else f"{text[:_LONGEST_NOTE]} …"
        case _:
            return None
