"""The dialogue about appointments, as data for the engine. Pure; times and bookings come in as facts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from tim_bots.appointment.booking import Booking
from tim_bots.appointment.calendar import choose_offer
from tim_bots.appointment.config import ONLY
from tim_bots.appointment.point_in_time import PointInTime
from tim_bots.appointment.reading import LONGEST_TEXT, Intent, Reading, read
from tim_bots.appointment.wording import in_full, in_lists, numbered
from tim_bots.dialogue.choosing import Option, choose
from tim_bots.dialogue.conversation import Frame
from tim_bots.dialogue.dialogue import Ask, Close, Dialogue, Do, Question, Said, Say, Stay, Step, Turn
from tim_bots.dialogue.folding import fold, looks_like, words_of

KIND, OFFER, CONFIRM_BOOKING, PICK, CONFIRM_CANCELLATION = (
    "kind",
    "offer",
    "confirm_booking",
    "pick",
    "confirm_cancellation",
)
_THE_ONLY_ONE = {ONLY: "Sprechstunde"}


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts a dialogue rests on.

    Args:
        now: timezone-aware.
        zone: the practice's time zone.
        free: by the key of a kind, starts of all its free appointments in order, UTC.
        own: this person's coming bookings in this room, in order.
        kinds: names of the kinds of appointments that this person may book, by key, in order.
        lengths: minutes, by the same keys.
        preparations: what people have to bring or to do, by the same keys; no key: nothing.
    """

    now: datetime
    zone: ZoneInfo
    free: Callable[[str], tuple[datetime, ...]]
    own: tuple[Booking, ...]
    kinds: Mapping[str, str] = field(default_factory=lambda: _THE_ONLY_ONE)
    lengths: Mapping[str, int] = field(default_factory=dict)
    preparations: Mapping[str, str] = field(default_factory=dict)

    def names(self, kind: str) -> dict[str, str | int]:
        """What texts say about a kind."""
        return {"service": self.kinds.get(kind, ""), "minutes": self.lengths.get(kind, 0)}


@dataclass(frozen=True, slots=True)
class Book:
    """Book the appointment that begins then. Outcome: the booking, None if somebody else was faster."""

    start: datetime
    kind: str = ONLY


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel this booking of the person. Outcome: as cancelled, None if it is not booked any more."""

    booking: Booking


def _understood(said: Said) -> Reading:
    return read(said.spoken.text)


def _is_meant(said: Said, reading: Reading, situation: Situation) -> bool:
    """Whether a message outside of a conversation is for this dialogue, if it is not the bot's only company."""
    return said.is_for_us or reading.is_addressed or (reading.intent is Intent.CANCEL and bool(situation.own))


def _begin(said: Said, situation: Situation) -> Turn | None:
    if said.vote is not None:
        return None
    reading = _understood(said)
    if said.is_shared and not _is_meant(said, reading, situation):
        return None
    match reading.intent:
        case Intent.CHOOSE | Intent.MORE | Intent.YES if reading.is_addressed:
            return ask_turn(situation, said)
        case Intent.STOP if reading.is_addressed:
            return Close((Say("appointment-nothing-open"),))
        case Intent.NOT_NEEDED if situation.own:
            return Close((Say("appointment-not-needed"),))
        case _:
            return _anytime(reading, said, situation)


def _anytime(reading: Reading, said: Said, situation: Situation) -> Turn | None:
    """What can be wished for in any step."""
    match reading.intent:
        case Intent.ASK:
            return ask_turn(situation, said)
        case Intent.LIST:
            return _list(situation)
        case Intent.CANCEL:
            return _cancel(reading, situation)
        case Intent.MOVE | Intent.EMPTY | Intent.TOO_LONG:
            return Stay((Say(_FIXED_ANSWERS[reading.intent]),))
        case _:
            return None


_FIXED_ANSWERS = {
    Intent.MOVE: "appointment-move",
    Intent.EMPTY: "appointment-empty",
    Intent.TOO_LONG: "appointment-too-long",
}
_ANSWERS = frozenset({Intent.CHOOSE, Intent.MORE, Intent.YES})


def _is_late_answer(said: Said) -> bool:
    return said.vote is not None or _understood(said).intent in _ANSWERS


# -- offering ------------------------------------------------------------------------------------------------


def ask_turn(situation: Situation, said: Said) -> Turn:
    """Offer times; ask for which kind of appointment first, if there are several and none was named."""
    kinds = situation.kinds
    if not kinds:
        return Close((Say("appointment-not-for-you"),))
    named = [key for key, name in kinds.items() if len(kinds) > 1 and _mentions(said.spoken.text, name)]
    if len(kinds) == 1 or len(named) == 1:
        return offer_turn(situation, (named or list(kinds))[0], wish=_understood(said).when)
    return Ask(Frame(step=KIND, values={"wish": (said.spoken.text[:LONGEST_TEXT],)}))


def _mentions(text: str, name: str) -> bool:
    said = words_of(fold(text[:LONGEST_TEXT]))
    return all(any(looks_like(word, part) for word in said) for part in words_of(fold(name)))


def _kind_options(situation: Situation) -> tuple[Option, ...]:
    return tuple(Option(key, name) for key, name in situation.kinds.items())


def _ask_kind(_frame: Frame, situation: Situation) -> Question:
    options = _kind_options(situation)
    listed = "\n".join(f"{number}) {option.label}" for number, option in enumerate(options, start=1))
    return Question(
        text=Say("appointment-which-kind", {"kinds": listed}),
        hint=Say("appointment-hint-kind", {"count": len(options)}),
        options=options,
        poll=Say("appointment-poll-kind"),
    )


def _take_kind(frame: Frame, said: Said, situation: Situation) -> Turn | None:
    if said.vote is not None:
        key = said.vote if said.vote in situation.kinds else None
    else:
        match _understood(said).intent:
            case Intent.STOP | Intent.NO | Intent.NOT_NEEDED:
                return Close((Say("appointment-stopped"),))
            case Intent.LIST | Intent.CANCEL | Intent.TOO_LONG as intent:
                return _anytime(Reading(intent), said, situation)
            case _:
                chosen = choose(said.spoken.text, _kind_options(situation))
                key = chosen.value if isinstance(chosen, Option) else None
    if key is None:
        return None
    (wish,) = frame.values.get("wish", ("",))
    return offer_turn(situation, key, wish=read(wish).when)


def _late_kind(_frame: Frame, said: Said, _situation: Situation) -> Turn | None:
    return Close((Say("appointment-kind-expired"),)) if _is_late_answer(said) else None


def offer_turn(
    situation: Situation,
    kind: str,
    *before: Say,
    shown: Sequence[datetime] = (),
    wish: PointInTime | None = None,
    is_renewal: bool = False,
    among: Callable[[datetime], bool] = lambda _: True,
) -> Turn:
    """Offer up to three times not in `shown`, only those that fit `wish` if any does, and only those `among`."""
    seen = frozenset(shown)
    candidates = [start for start in situation.free(kind) if start not in seen and among(start)]
    if wish is not None:
        candidates = _fitting(candidates, wish, situation.zone) or candidates
    slots = choose_offer(candidates, situation.zone)
    if not slots:
        return Close((*before, Say("appointment-no-slots")))
    values = {"kind": (kind,), "slots": _written(slots), "shown": _written((*shown, *slots))}
    return Ask(Frame(step=OFFER, values=values), before, is_renewal=is_renewal)


def kind_of(frame: Frame) -> str:
    """The kind of appointment that a question is about."""
    return next(iter(frame.values.get("kind", ())), ONLY)


def _written(starts: Sequence[datetime]) -> tuple[str, ...]:
    return tuple(start.isoformat() for start in starts)


def _starts(frame: Frame, name: str = "slots") -> tuple[datetime, ...]:
    return tuple(map(datetime.fromisoformat, frame.values.get(name, ())))


def _ask_offer(frame: Frame, situation: Situation) -> Question:
    slots = _starts(frame)
    return Question(
        text=Say(
            "appointment-offer",
            {**situation.names(kind_of(frame)), "count": len(slots), "slots": numbered(slots, situation.zone)},
        ),
        hint=Say("appointment-hint-offer", {"count": len(slots)}),
        options=tuple(Option(start.isoformat(), in_lists(start, situation.zone)) for start in slots),
        poll=Say("appointment-poll"),
    )


def _fitting(starts: Sequence[datetime], when: PointInTime, zone: ZoneInfo) -> list[datetime]:
    return [start for start in starts if when.fits(start.astimezone(zone))]


def _take_offer(frame: Frame, said: Said, situation: Situation) -> Turn | None:
    slots, kind = _starts(frame), kind_of(frame)
    if said.vote is not None:
        return _voted(slots, kind, said, situation)
    reading = _understood(said)
    match reading.intent:
        case Intent.CHOOSE:
            return _choose(slots, kind, reading, situation)
        case Intent.YES if reading.number or reading.when or len(slots) == 1:
            return _choose(slots, kind, reading, situation)
        case Intent.MORE:
            return _more(_starts(frame, "shown"), kind, reading, situation)
        case Intent.STOP | Intent.NO | Intent.NOT_NEEDED:
            return Close((Say("appointment-stopped"),))
        case _:
            return _anytime(reading, said, situation)


def _voted(slots: Sequence[datetime], kind: str, said: Said, situation: Situation) -> Turn | None:
    """A click is easily made by mistake, and may be followed by another: it is confirmed before it books."""
    for start in slots:
        if start.isoformat() == said.vote:
            if said.is_binding:
                return booking_turn(start, kind, situation)
            values = {"kind": (kind,), "slot": (start.isoformat(),), "slots": _written(slots)}
            return Ask(Frame(step=CONFIRM_BOOKING, values=values))
    return None


def booking_turn(start: datetime, kind: str, situation: Situation) -> Turn:
    """Book, unless the time has begun meanwhile or the person may not book this kind any more."""
    if kind not in situation.kinds:
        return Close((Say("appointment-not-for-you"),))
    return _after_loss(kind, situation) if start <= situation.now else Do(Book(start, kind))


def _choose(offered: Sequence[datetime], kind: str, reading: Reading, situation: Situation) -> Turn:
    slots = offered
    if reading.number is not None:
        slots = slots[reading.number - 1 : reading.number] if reading.number else ()
        if not slots:
            return Stay((Say("appointment-wrong-number", {"count": len(offered)}),))
    if reading.when is not None:
        slots = _fitting(slots, reading.when, situation.zone)
    if len(slots) == 1:
        return booking_turn(slots[0], kind, situation)
    if not slots:
        return offer_turn(situation, kind, Say("appointment-not-offered"), wish=reading.when)
    return Stay((Say("appointment-ambiguous", {"count": len(offered)}),))


def _more(shown: Sequence[datetime], kind: str, reading: Reading, situation: Situation) -> Turn:
    if set(situation.free(kind)) <= set(shown):
        return Stay((Say("appointment-no-more"),))
    return offer_turn(situation, kind, shown=shown, wish=reading.when)


def _late_offer(frame: Frame, said: Said, situation: Situation) -> Turn | None:
    if not _is_late_answer(said):
        return None
    wish = None if said.vote else _understood(said).when
    return offer_turn(situation, kind_of(frame), Say("appointment-expired"), wish=wish)


def _after_loss(kind: str, situation: Situation) -> Turn:
    """Someone else was faster: say so and offer what is free now."""
    return offer_turn(situation, kind, Say("appointment-taken"), is_renewal=True)


def _ask_confirm_booking(frame: Frame, situation: Situation) -> Question:
    (start,) = _starts(frame, "slot")
    when = in_full(start, situation.zone)
    return Question(Say("appointment-confirm-booking", {"when": when}), Say("appointment-hint-booking"))


def _take_confirm_booking(frame: Frame, said: Said, situation: Situation) -> Turn | None:
    kind = kind_of(frame)
    if said.vote is not None:
        turn = _voted(_starts(frame), kind, said, situation)
        return Ask(turn.frame, is_renewal=True) if isinstance(turn, Ask) else turn
    match (reading := _understood(said)).intent:
        case Intent.YES if not reading.number and not reading.when:
            (start,) = _starts(frame, "slot")
            return booking_turn(start, kind, situation)
        case Intent.NO | Intent.STOP | Intent.NOT_NEEDED:
            return Close((Say("appointment-stopped"),))
        case Intent.CHOOSE | Intent.YES:
            return _choose(_starts(frame), kind, reading, situation)
        case Intent.MORE:
            return offer_turn(situation, kind, shown=_starts(frame), wish=reading.when)
        case _:
            return _anytime(reading, said, situation)


# -- own bookings --------------------------------------------------------------------------------------------


def _list(situation: Situation) -> Turn:
    own = situation.own
    if not own:
        return Stay((Say("appointment-none-booked"),))
    listed = numbered([booking.start for booking in own], situation.zone)
    return Stay((Say("appointment-list", {"count": len(own), "bookings": listed}),))


def _cancel(reading: Reading, situation: Situation) -> Turn:
    own = situation.own
    if not own:
        return Stay((Say("appointment-none-booked"),))
    if reading.number is None and reading.when is None and len(own) > 1:
        return _ask_which(situation)
    return _pick(own, reading, situation)


def _ask_which(situation: Situation, *before: Say) -> Turn:
    ids = tuple(str(booking.id) for booking in situation.own)
    return Ask(Frame(step=PICK, values={"bookings": ids}), before)


def _own(frame: Frame, situation: Situation) -> list[Booking]:
    """The bookings that the question named and that are still there, in its order."""
    own = {str(booking.id): booking for booking in situation.own}
    return [own[booking_id] for booking_id in frame.values.get("bookings", ()) if booking_id in own]


def _ask_pick(frame: Frame, situation: Situation) -> Question:
    own = _own(frame, situation)
    starts = [booking.start for booking in own]
    return Question(
        text=Say("appointment-which-to-cancel", {"count": len(own), "bookings": numbered(starts, situation.zone)}),
        hint=Say("appointment-hint-which"),
        options=tuple(Option(str(booking.id), in_lists(booking.start, situation.zone)) for booking in own),
        poll=Say("appointment-poll-cancel"),
    )


def _pick(bookings: Sequence[Booking], reading: Reading, situation: Situation) -> Turn:
    picked = list(bookings)
    if reading.number is not None:
        picked = picked[reading.number - 1 : reading.number] if reading.number else []
    if reading.when is not None:
        starts = _fitting([booking.start for booking in picked], reading.when, situation.zone)
        picked = [booking for booking in picked if booking.start in starts]
    if len(picked) != 1:
        return _ask_which(situation, Say("appointment-no-such-booking"))
    return _confirm_cancellation(picked[0])


def _confirm_cancellation(booking: Booking) -> Turn:
    return Ask(Frame(step=CONFIRM_CANCELLATION, values={"bookings": (str(booking.id),)}))


def _take_pick(frame: Frame, said: Said, situation: Situation) -> Turn | None:
    own = _own(frame, situation)
    if said.vote is not None:
        return next((_confirm_cancellation(booking) for booking in own if str(booking.id) == said.vote), None)
    match (reading := _understood(said)).intent:
        case Intent.NO | Intent.STOP | Intent.NOT_NEEDED:
            return Close((Say("appointment-kept"),))
        case Intent.CHOOSE:
            return _pick(own, reading, situation)
        case _:
            return _anytime(reading, said, situation)


def _ask_confirm_cancellation(frame: Frame, situation: Situation) -> Question:
    own = _own(frame, situation)
    if not own:  # cancelled or begun meanwhile
        return Question(Say("appointment-none-booked"), Say("appointment-none-booked"))
    when = in_full(own[0].start, situation.zone)
    return Question(Say("appointment-confirm-cancel", {"when": when}), Say("appointment-hint-yes-no"))


def _take_confirm_cancellation(frame: Frame, said: Said, situation: Situation) -> Turn | None:
    if said.vote is not None:
        return None
    own = _own(frame, situation)
    match (reading := _understood(said)).intent:
        case Intent.NO | Intent.STOP | Intent.NOT_NEEDED:
            return Close((Say("appointment-kept"),))
        case Intent.YES if own:
            return Do(Cancel(own[0]))
        case Intent.YES:
            return Close((Say("appointment-none-booked"),))
        case _:
            return _anytime(reading, said, situation)


def _late_question(_frame: Frame, said: Said, _situation: Situation) -> Turn | None:
    return Close((Say("appointment-question-expired"),)) if _is_late_answer(said) else None


def _preparation(kind: str, situation: Situation) -> tuple[Say, ...]:
    text = situation.preparations.get(kind)
    return () if text is None else (Say("appointment-preparation", {"text": text}),)


def _after(effect: object, outcome: object, situation: Situation) -> Turn:
    match effect, outcome:
        case Book(_, kind), Booking(start=start, reference=reference):
            told = {"when": in_full(start, situation.zone), "reference": reference} | situation.names(kind)
            return Close((Say("appointment-booked", told), *_preparation(kind, situation)))
        case Book(_, kind), _:
            return _after_loss(kind, situation)
        case Cancel(), Booking(start=start, reference=reference):
            when = in_full(start, situation.zone)
            return Close((Say("appointment-cancelled", {"when": when, "reference": reference}),))
        case _:
            return Close((Say("appointment-none-booked"),))


APPOINTMENT: Dialogue[Situation] = Dialogue(
    name="appointment",
    command="termin",
    steps=(
        Step(KIND, _ask_kind, _take_kind, Say("appointment-stopped"), _late_kind),
        Step(OFFER, _ask_offer, _take_offer, Say("appointment-stopped"), _late_offer),
        Step(
            CONFIRM_BOOKING,
            _ask_confirm_booking,
            _take_confirm_booking,
            Say("appointment-stopped"),
            _late_offer,
        ),
        Step(PICK, _ask_pick, _take_pick, Say("appointment-kept"), _late_question),
        Step(
            CONFIRM_CANCELLATION,
            _ask_confirm_cancellation,
            _take_confirm_cancellation,
            Say("appointment-kept"),
            _late_question,
        ),
    ),
    begin=_begin,
    after=_after,
    help=Say("appointment-help"),
)
