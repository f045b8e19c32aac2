"""The life of an appointment as a table: 12 states, 26 transitions.

The states map to FHIR R4 `Appointment.status` (`FHIR_STATUS`); what has no appointment yet maps to None.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tim_policy.transition import Transition


class State(enum.StrEnum):
    """Where an appointment stands."""

    ASKED = "asked"
    OFFERED = "offered"
    WAITLIST = "waitlist"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    REFUSED = "refused"
    EXPIRED = "expired"
    ERROR = "error"


class By(enum.StrEnum):
    """Who brings an event about."""

    PATIENT = "patient"
    """Who asked: the patient, or whoever speaks for her (a care service, a colleague)."""
    PRACTICE = "practice"
    BOT = "bot"
    """The bot itself: a timer, or what the calendar says."""


class Event(enum.StrEnum):
    """What happens to an appointment."""

    OFFER = "offer"
    NO_SLOT = "no_slot"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    HOLD_TIMER = "hold_timer"
    CHOOSE = "choose"
    CHOOSE_AUTO = "choose_auto"
    SLOT_LOST = "slot_lost"
    SLOT_FREE = "slot_free"
    TOO_LATE = "too_late"
    CONFIRM = "confirm"
    DECLINE = "decline"
    PENDING_TIMER = "pending_timer"
    REMINDER_TIMER = "reminder_timer"
    MOVE = "move"
    CANCEL = "cancel"
    CANCEL_PRACTICE = "cancel_practice"
    ARRIVE = "arrive"
    NOSHOW_TIMER = "noshow_timer"
    MARK_NOSHOW = "mark_noshow"
    MISTAKE = "mistake"
    DONE = "done"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Refused:
    """The event does not happen.

    Args:
        is_known: the state knows the event, but not from this side.
    """

    is_known: bool


def _rows() -> Mapping[tuple[State, Event], Transition[By, State]]:
    patient, practice, bot = (frozenset({by}) for by in (By.PATIENT, By.PRACTICE, By.BOT))
    s, e = State, Event
    rows = (
        (s.ASKED, e.OFFER, bot | practice, s.OFFERED),
        (s.ASKED, e.NO_SLOT, bot | practice, s.WAITLIST),
        (s.ASKED, e.REFUSE, practice, s.REFUSED),
        (s.ASKED, e.WITHDRAW, patient, s.EXPIRED),
        (s.OFFERED, e.HOLD_TIMER, bot, s.EXPIRED),
        (s.OFFERED, e.CHOOSE, patient, s.PENDING),
        (s.OFFERED, e.CHOOSE_AUTO, patient, s.BOOKED),
        (s.OFFERED, e.SLOT_LOST, bot, s.ASKED),
        (s.OFFERED, e.WITHDRAW, patient, s.EXPIRED),
        (s.WAITLIST, e.SLOT_FREE, bot, s.OFFERED),
        (s.WAITLIST, e.WITHDRAW, patient, s.CANCELLED),
        (s.WAITLIST, e.TOO_LATE, bot, s.EXPIRED),
        (s.PENDING, e.CONFIRM, practice, s.BOOKED),
        (s.PENDING, e.DECLINE, practice, s.CANCELLED),
        (s.PENDING, e.WITHDRAW, patient, s.CANCELLED),
        (s.PENDING, e.PENDING_TIMER, bot, s.PENDING),
        (s.BOOKED, e.REMINDER_TIMER, bot, s.BOOKED),
        (s.BOOKED, e.MOVE, patient | practice, s.BOOKED),
        (s.BOOKED, e.CANCEL, patient, s.CANCELLED),
        (s.BOOKED, e.CANCEL_PRACTICE, practice, s.CANCELLED),
        (s.BOOKED, e.ARRIVE, practice, s.ARRIVED),
        (s.BOOKED, e.NOSHOW_TIMER, bot, s.BOOKED),
        (s.BOOKED, e.MARK_NOSHOW, practice, s.NOSHOW),
        (s.BOOKED, e.MISTAKE, practice, s.ERROR),
        (s.ARRIVED, e.DONE, practice, s.FULFILLED),
        (s.ARRIVED, e.LEFT, practice, s.NOSHOW),
    )
    return MappingProxyType({(state, event): Transition(by, to) for state, event, by, to in rows})


TRANSITIONS = _rows()
INITIAL = State.ASKED
FINAL = frozenset({State.CANCELLED, State.ERROR, State.EXPIRED, State.FULFILLED, State.NOSHOW, State.REFUSED})
"""Nothing happens to these any more; a late event is refused and told so."""

FHIR_STATUS: Mapping[State, str | None] = MappingProxyType(
    {
        State.ASKED: None,
        State.OFFERED: "proposed",
        State.WAITLIST: "waitlist",
        State.PENDING: "pending",
        State.BOOKED: "booked",
        State.ARRIVED: "arrived",
        State.FULFILLED: "fulfilled",
        State.CANCELLED: "cancelled",
        State.NOSHOW: "noshow",
        State.REFUSED: None,
        State.EXPIRED: None,
        State.ERROR: "entered-in-error",
    }
)
"""FHIR R4 `Appointment.status`; None: there is no appointment that a program could ask about."""

CANCELLED_BY: Mapping[Event, str] = MappingProxyType(
    {Event.WITHDRAW: "pat", Event.CANCEL: "pat", Event.DECLINE: "prov", Event.CANCEL_PRACTICE: "prov"}
)
"""Code of `Appointment.cancelationReason` for the events that lead to `cancelled`."""


def follow(state: State, event: Event, by: By) -> State | Refused:
    """The state after an event, or why nothing happens.

    Total over all states, events and sides: what the table does not name is refused.
    """
    row = TRANSITIONS.get((state, event))
    if row is None:
        return Refused(is_known=False)
    return row.to if by in row.by else Refused(is_known=True)
