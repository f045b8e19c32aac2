"""The life of one requested medication as a table: 13 states, 42 transitions; and what a late message means.

FHIR knows four statuses only; the finer states are local to each side and never sent.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType

from tim_policy.transition import Transition


class State(enum.StrEnum):
    """Where a requested medication stands."""

    DRAFT = "draft"
    SENT = "sent"
    OPEN = "open"
    WORKING = "working"
    QUESTION = "question"
    TOKEN_HELD = "token_held"  # noqa: S105 - a state
    """The requester has the token."""
    UNDO_WANTED = "undo_wanted"
    """The requester does not want it any more, but it was issued; only the practice can delete it."""
    WITH_PHARMACY = "with_pharmacy"
    PATIENT_HOLDS = "patient_holds"
    """The patient redeems it; no token travelled, or it was handed out."""
    CANCELLED = "cancelled"
    CLOSED = "closed"
    DECLINED = "declined"
    FAILED = "failed"
    """The practice's software could not read the request."""


class By(enum.StrEnum):
    """Who brings an event about, by what the directory says about them."""

    CARE_SERVICE = "care_service"
    REQUESTING_PHARMACY = "requesting_pharmacy"
    """A pharmacy that asks the practice for a prescription (home supply, cytostatics)."""
    PRACTICE = "practice"
    DISPENSING_PHARMACY = "dispensing_pharmacy"
    BOT = "bot"
    """Timers and technical answers."""


class Event(enum.StrEnum):
    """What happens to a requested medication."""

    SEND = "send"
    DISCARD = "discard"
    ACK = "ack"
    REJECT_TECHNICAL = "reject_technical"
    NO_ACK_TIMER = "no_ack_timer"
    CANCEL = "cancel"
    CONFIRM = "confirm"
    CONFIRM_PATIENT = "confirm_patient"
    DECLINE = "decline"
    CLOSE_MANUAL = "close_manual"
    TAKE = "take"
    RELEASE = "release"
    ASK = "ask"
    ANSWER = "answer"
    OVERDUE_TIMER = "overdue_timer"
    LATE_CANCEL = "late_cancel"
    UNDO_DONE = "undo_done"
    UNDO_REFUSED = "undo_refused"
    REQUEST_DISPENSE = "request_dispense"
    HAND_OUT = "hand_out"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - an event
    DISPENSED = "dispensed"
    DISPENSE_DECLINED = "dispense_declined"
    DISPENSE_CANCEL = "dispense_cancel"


class NotApplied(enum.StrEnum):
    """Why an event changes nothing."""

    REPEATED = "repeated"
    """The same again: nothing is said."""
    CONFLICT = "conflict"
    """Another answer than the one that counts: kept, shown to people, never applied."""
    URGENT_TEXT = "urgent_text"
    """A cancellation of what the requester does not hold any more: the practice is told urgently."""
    OTHER_SIDE = "other_side"
    """The state knows the event, but not from this side."""
    UNKNOWN = "unknown"
    """The state does not know the event."""


def _rows() -> Mapping[tuple[State, Event], Transition[By, State]]:
    requester = frozenset({By.CARE_SERVICE, By.REQUESTING_PHARMACY})
    care, practice, pharmacy, bot = (
        frozenset({by}) for by in (By.CARE_SERVICE, By.PRACTICE, By.DISPENSING_PHARMACY, By.BOT)
    )
    s, e = State, Event
    rows = (
        (s.DRAFT, e.SEND, requester, s.SENT),
        (s.DRAFT, e.DISCARD, requester, s.CLOSED),
        (s.SENT, e.ACK, bot, s.OPEN),
        (s.SENT, e.REJECT_TECHNICAL, bot, s.FAILED),
        (s.SENT, e.NO_ACK_TIMER, bot, s.SENT),
        (s.SENT, e.CANCEL, requester, s.CANCELLED),
        (s.SENT, e.CONFIRM, practice, s.TOKEN_HELD),
        (s.SENT, e.CONFIRM_PATIENT, practice, s.PATIENT_HOLDS),
        (s.SENT, e.DECLINE, practice, s.DECLINED),
        (s.SENT, e.CLOSE_MANUAL, requester, s.CLOSED),
        (s.OPEN, e.TAKE, practice, s.WORKING),
        (s.OPEN, e.ASK, practice, s.QUESTION),
        (s.OPEN, e.OVERDUE_TIMER, bot, s.OPEN),
        (s.OPEN, e.CONFIRM, practice, s.TOKEN_HELD),
        (s.OPEN, e.CONFIRM_PATIENT, practice, s.PATIENT_HOLDS),
        (s.OPEN, e.DECLINE, practice, s.DECLINED),
        (s.OPEN, e.CANCEL, requester, s.CANCELLED),
        (s.OPEN, e.CLOSE_MANUAL, practice, s.CLOSED),
        (s.WORKING, e.RELEASE, practice, s.OPEN),
        (s.WORKING, e.ASK, practice, s.QUESTION),
        (s.WORKING, e.CONFIRM, practice, s.TOKEN_HELD),
        (s.WORKING, e.CONFIRM_PATIENT, practice, s.PATIENT_HOLDS),
        (s.WORKING, e.DECLINE, practice, s.DECLINED),
        (s.WORKING, e.CANCEL, requester, s.CANCELLED),
        (s.WORKING, e.OVERDUE_TIMER, bot, s.WORKING),
        (s.QUESTION, e.ANSWER, requester, s.WORKING),
        (s.QUESTION, e.CANCEL, requester, s.CANCELLED),
        (s.QUESTION, e.OVERDUE_TIMER, bot, s.QUESTION),
        (s.QUESTION, e.DECLINE, practice, s.DECLINED),
        (s.QUESTION, e.CONFIRM, practice, s.TOKEN_HELD),
        (s.QUESTION, e.CONFIRM_PATIENT, practice, s.PATIENT_HOLDS),
        (s.TOKEN_HELD, e.LATE_CANCEL, requester, s.UNDO_WANTED),
        (s.TOKEN_HELD, e.REQUEST_DISPENSE, care, s.WITH_PHARMACY),
        (s.TOKEN_HELD, e.HAND_OUT, care, s.PATIENT_HOLDS),
        (s.TOKEN_HELD, e.TOKEN_EXPIRED, bot, s.CLOSED),
        (s.UNDO_WANTED, e.UNDO_DONE, practice, s.CANCELLED),
        (s.UNDO_WANTED, e.UNDO_REFUSED, practice, s.TOKEN_HELD),
        (s.WITH_PHARMACY, e.DISPENSED, pharmacy, s.CLOSED),
        (s.WITH_PHARMACY, e.DISPENSE_DECLINED, pharmacy, s.TOKEN_HELD),
        (s.WITH_PHARMACY, e.DISPENSE_CANCEL, care, s.TOKEN_HELD),
        (s.WITH_PHARMACY, e.TOKEN_EXPIRED, bot, s.CLOSED),
        (s.WITH_PHARMACY, e.OVERDUE_TIMER, bot, s.WITH_PHARMACY),
    )
    return MappingProxyType({(state, event): Transition(by, to) for state, event, by, to in rows})


TRANSITIONS = _rows()
INITIAL = State.DRAFT
FINAL = frozenset({State.CANCELLED, State.CLOSED, State.DECLINED, State.FAILED, State.PATIENT_HOLDS})
"""No event leads out of these."""
ANSWERS = frozenset({Event.CONFIRM, Event.CONFIRM_PATIENT, Event.DECLINE})
"""How a practice settles a request."""
_DISPENSE_ANSWERS = frozenset({Event.DISPENSED, Event.DISPENSE_DECLINED})
_REQUESTERS = frozenset({By.CARE_SERVICE, By.REQUESTING_PHARMACY})
_OUT_OF_HAND = frozenset({State.PATIENT_HOLDS, State.WITH_PHARMACY})


def follow(state: State, event: Event, by: By, applied: frozenset[Event] = frozenset()) -> State | NotApplied:
    """The state after an event that arrives now, or why it changes nothing.

    Total over all states, events and sides. A cancellation that arrives after the token is `Event.LATE_CANCEL`,
    by whichever name it comes: neither time stamp wins, the practice decides.

    Args:
        state: where the item stands.
        event: that arrives.
        by: from whom, by the directory and by who was asked.
        applied: events that were applied with the very content of this message (tokens, reason); a second answer
            with another content is no repetition.
    """
    if event is Event.CANCEL and state is State.TOKEN_HELD:
        event = Event.LATE_CANCEL
    row = TRANSITIONS.get((state, event))
    if row is not None:
        return row.to if by in row.by else NotApplied.OTHER_SIDE
    return _late(state, event, by, applied)


def _late(state: State, event: Event, by: By, applied: frozenset[Event]) -> NotApplied:
    is_cancellation = event in {Event.CANCEL, Event.LATE_CANCEL} and by in _REQUESTERS
    is_answer = event in ANSWERS and by is By.PRACTICE
    is_dispense_answer = event in _DISPENSE_ANSWERS and by is By.DISPENSING_PHARMACY
    if not (is_cancellation or is_answer or is_dispense_answer) or state is State.DRAFT:
        return NotApplied.UNKNOWN
    if event in applied or (is_cancellation and state in {State.CANCELLED, State.UNDO_WANTED}):
        return NotApplied.REPEATED
    if is_cancellation:
        return NotApplied.URGENT_TEXT if state in _OUT_OF_HAND else NotApplied.UNKNOWN
    if is_dispense_answer and state not in {*FINAL, State.TOKEN_HELD, State.UNDO_WANTED}:
        return NotApplied.UNKNOWN
    return NotApplied.CONFLICT
