"""Prescription requests as cases at the counter: opened, withdrawn, answered, decided; in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection

from tim_bots.counter.book import StoredCase
from tim_bots.counter.case import (
    Accept,
    Ask,
    Asker,
    CounterCase,
    Decision,
    DecisionRefused,
    Decline,
    HandOver,
    Member,
    Urgency,
)
from tim_bots.counter.counter import QUIET, Counter
from tim_bots.counter.states import FINAL
from tim_bots.counter.states import State as CounterState
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.who import Who
from tim_bots.flow import Outgoing, SendText
from tim_bots.messages import say
from tim_bots.prescription.config import PrescriptionConfig
from tim_bots.prescription.dialogue import PRESCRIPTION, Answer, Cancel, Send
from tim_policy.prescription.states import By, Event, NotApplied, State, follow
from tim_policy.prescription.token import mentions_token

_STATES = {
    CounterState.OPEN: State.OPEN,
    CounterState.CLAIMED: State.WORKING,
    CounterState.ASKED: State.QUESTION,
    CounterState.ACCEPTED: State.PATIENT_HOLDS,
    CounterState.DECLINED: State.DECLINED,
    CounterState.WITHDRAWN: State.CANCELLED,
}
"""No token travels: what is accepted, the patient holds."""


class PrescriptionRequests:
    """The cases, and the staff's decisions on them (a `tim_bots.counter.case.CounterFlow`).

    Args:
        config: who decides, how many at once.
        counter: takes the cases.
        practice: how it is called in texts.
    """

    kind = PRESCRIPTION

    def __init__(self, config: PrescriptionConfig, counter: Counter, practice: str) -> None:
        self._config = config
        self._counter = counter
        self._practice = practice

    def send(
        self, connection: Connection, who: Who, wanted: Send, now: datetime
    ) -> tuple[tuple[int, ...], tuple[Outgoing, ...]]:
        """One case per medication: their numbers, and the cards; nothing at all if too many would be open."""
        is_open = self._counter.book.count_open_in_room(connection, PRESCRIPTION, who.room_id)
        if is_open + len(wanted.items) > self._config.most_open:
            return (), ()
        numbers: list[int] = []
        cards: list[Outgoing] = []
        for item in wanted.items:
            case = CounterCase(
                kind=PRESCRIPTION,
                case_id=uuid4(),
                title=say("prescription-card-title"),
                lines=(
                    wanted.patient,
                    item.medication,
                    say("prescription-card-quantity", quantity=item.quantity, dosage=item.dosage),
                    say("prescription-card-needed", needed=item.needed),
                ),
                urgency=Urgency.URGENT if wanted.is_urgent else Urgency.ROUTINE,
                asker=Asker(who.room_id, who.user_id),
                opened_at=now,
                needs_doctor=self._config.needs_doctor,
            )
            number, sent = self._counter.open(connection, case)
            numbers.append(number)
            cards += sent
        return tuple(numbers), tuple(cards)

    def cancel(
        self, connection: Connection, who: Who, wanted: Cancel, now: datetime
    ) -> tuple[Say, tuple[Outgoing, ...]]:
        """Withdraw one's own request; what was issued already, the practice is told about."""
        stored = self._own(connection, who, wanted.number)
        if stored is None:
            return Say("prescription-not-yours"), ()
        number = str(stored.number)
        why = wanted.reason or say("prescription-no-reason")
        match follow(_STATES[stored.standing.state], Event.CANCEL, By.CARE_SERVICE):
            case State():
                answers = self._counter.withdraw(connection, stored.case.case_id, why, now)
                return Say("prescription-cancelled", {"number": number}), answers
            case NotApplied.URGENT_TEXT:
                text = say("prescription-late-cancel", number=number, reason=why)
                told = self._counter.tell(connection, stored.case.case_id, text, f"storno {uuid4()}")
                return Say("prescription-late-cancel-told", {"number": number}), told
            case _:
                return Say("prescription-is-closed", {"number": number}), ()

    def answer(
        self, connection: Connection, who: Who, wanted: Answer, event_id: str, now: datetime
    ) -> tuple[Say, tuple[Outgoing, ...]]:
        """Pass on what the asker says about an open request of theirs."""
        stored = self._own(connection, who, wanted.number)
        if stored is None:
            return Say("prescription-not-yours"), ()
        number = str(stored.number)
        if stored.standing.state in FINAL:
            return Say("prescription-is-closed", {"number": number}), ()
        answers = self._counter.answered(connection, stored.case.case_id, wanted.text, event_id, now)
        return Say("prescription-passed-on", {"number": number}), answers

    def decide(
        self, connection: Connection, case_id: UUID, decision: Decision, member: Member, now: datetime
    ) -> Sequence[Outgoing]:
        """See `CounterFlow.decide`."""
        del now
        stored = self._counter.book.by_id(connection, case_id)
        if stored is None:
            raise DecisionRefused(say("counter-no-flow"))
        text = (
            decision.reason
            if isinstance(decision, Decline)
            else ""
            if isinstance(decision, HandOver)
            else decision.text
        )
        if mentions_token(text):
            raise DecisionRefused(say("prescription-no-token"))
        if isinstance(decision, Accept | Ask) and decision.attachment is not None:
            raise DecisionRefused(say("prescription-no-file"))
        return (SendText(self._told(stored, decision, member), extra=QUIET, room_id=stored.case.asker.room_id),)

    def _told(self, stored: StoredCase, decision: Decision, member: Member) -> str:
        about = {"number": str(stored.number), "medication": stored.case.lines[1], "practice": self._practice}
        match decision:
            case Accept(text, _):
                done = say("prescription-issued", **about)
                return f"{done}\n{text}" if text else done
            case Decline(reason):
                return say("prescription-declined", reason=reason, **about)
            case Ask(text, _):
                return say("prescription-asked", name=member.name, text=text, **about)
            case HandOver():
                return say("prescription-handed-over", **about)

    def _own(self, connection: Connection, who: Who, number: int) -> StoredCase | None:
        """The request with this number, if this person made it in this room."""
        stored = self._counter.book.by_number(connection, number)
        if stored is None or stored.case.kind != PRESCRIPTION:
            return None
        asker = stored.case.asker
        return stored if (asker.room_id, asker.user_id) == (who.room_id, who.user_id) else None
