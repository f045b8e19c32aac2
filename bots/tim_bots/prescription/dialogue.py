"""What is said about prescription requests, as data for the engine."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tim_bots.dialogue.choosing import Option, choose
from tim_bots.dialogue.conversation import Frame
from tim_bots.dialogue.dialogue import Ask, Close, Dialogue, Do, Question, Said, Say, Stay, Step, Turn
from tim_bots.prescription.draft import (
    FIELDS,
    LONGEST,
    MOST_ITEMS,
    Item,
    has_wrong_pzn,
    items_of,
    patient_of,
    read_patient,
)
from tim_policy.prescription.token import mentions_token

PRESCRIPTION = "prescription"
_PREVIEW = "preview"
_COMMAND = re.compile(r"\s*[!\uff01] ?rezept[ :,.]*", re.IGNORECASE)
_CANCEL = re.compile(r"storno\s+(?:nr\.?\s*)?([0-9]{1,9})\b[\s:,.]*(.*)", re.IGNORECASE | re.DOTALL)
_ANSWER = re.compile(r"(?:antwort\s+)?([0-9]{1,9})\b[\s:,.]*(.+)", re.IGNORECASE | re.DOTALL)
_OPTIONS = (
    Option("send", "Senden", ("senden", "absenden", "abschicken")),
    Option("urgent", "Als dringend senden", ("dringend",)),
    Option("more", "Weiteres Medikament", ("weiteres", "weiter")),
    Option("discard", "Verwerfen", ("verwerfen",)),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts.

    Args:
        is_entitled: the directory says that the person writes for a care service; None: it was not asked yet.
    """

    is_entitled: bool | None


@dataclass(frozen=True, slots=True)
class Send:
    """Put the medications on the counter. Outcome: their numbers; empty: too many are open."""

    patient: str
    items: tuple[Item, ...]
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class Cancel:
    """Withdraw a request. Outcome: a text."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Say something to the practice about a request. Outcome: a text."""

    number: int
    text: str


def _refuse(standing: Standing) -> Close | None:
    if standing.is_entitled is None:
        return Close((Say("prescription-not-known-yet"),))
    return None if standing.is_entitled else Close((Say("prescription-not-entitled"),))


def _hindered(said: Said, standing: Standing) -> Turn | None:
    """Why an answer in the middle of a draft is not taken; a command would lose the draft."""
    return _refuse(standing) or (Stay((Say("prescription-finish-first"),)) if said.is_for_us else None)


def _begin(said: Said, standing: Standing) -> Turn | None:
    if not said.is_for_us:
        return None
    if (refused := _refuse(standing)) is not None:
        return refused
    rest = _COMMAND.sub("", said.spoken.text, count=1).strip()
    if found := _CANCEL.fullmatch(rest):
        return _short(found[2]) or Do(Cancel(int(found[1]), found[2].strip()))
    if found := _ANSWER.fullmatch(rest):
        return _short(found[2]) or Do(Answer(int(found[1]), found[2].strip()))
    return Close((Say("prescription-help"),)) if rest else Ask(Frame(step="patient"))


def _short(text: str) -> Close | None:
    if mentions_token(text):
        return Close((Say("prescription-no-token"),))
    return Close((Say("prescription-too-long", {"longest": LONGEST}),)) if len(text) > LONGEST else None


def _with(frame: Frame, step: str, field: str, value: str) -> Ask:
    values = {**frame.values, field: (*frame.values.get(field, ()), value)}
    return Ask(Frame(step=step, values=values))


Take = Callable[[Frame, Said, Standing], Turn | None]


def _typed(take: Callable[[Frame, str, Said], Turn | None]) -> Take:
    """An answer in free text, of somebody who is still entitled."""

    def checked(frame: Frame, said: Said, standing: Standing) -> Turn | None:
        if (hindered := _hindered(said, standing)) is not None:
            return hindered
        text = " ".join(said.spoken.text.split())
        if mentions_token(text):
            return Stay((Say("prescription-no-token"),))
        if len(text) > LONGEST:
            return Stay((Say("prescription-too-long", {"longest": LONGEST}),))
        return take(frame, text, said) if text else None

    return checked


def _take_patient(frame: Frame, text: str, said: Said) -> Turn | None:
    patient = read_patient(text, said.now.date())
    return None if patient is None else _with(frame, FIELDS[0], "patient", patient.line)


def _take_field(field: Literal["medication", "quantity", "dosage", "needed"]) -> Take:
    following = (*FIELDS, _PREVIEW)[FIELDS.index(field) + 1]

    def take(frame: Frame, text: str, _said: Said) -> Turn | None:
        if field == "medication" and has_wrong_pzn(text):
            return Stay((Say("prescription-wrong-pzn"),))
        return _with(frame, following, field, text)

    return _typed(take)


def _take_preview(frame: Frame, said: Said, standing: Standing) -> Turn | None:
    if (hindered := _hindered(said, standing)) is not None:
        return hindered
    chosen = choose(said.spoken.rest, _OPTIONS, is_binding=True)
    if not isinstance(chosen, Option):
        return None
    match chosen.value:
        case "send" | "urgent":
            return Do(Send(patient_of(frame), items_of(frame), chosen.value == "urgent"))
        case "more" if len(items_of(frame)) >= MOST_ITEMS:
            return Stay((Say("prescription-too-many-items", {"most": MOST_ITEMS}),))
        case "more":
            return Ask(Frame(step=FIELDS[0], values=frame.values))
    return Close((Say("prescription-stopped"),))


def _asking(name: str) -> Callable[[Frame, Standing], Question]:
    texts = {
        "patient": Question(Say("prescription-patient"), Say("prescription-patient-hint")),
        "medication": Question(Say("prescription-medication"), Say("prescription-text-hint")),
        "quantity": Question(Say("prescription-quantity"), Say("prescription-text-hint")),
        "dosage": Question(Say("prescription-dosage"), Say("prescription-text-hint")),
        "needed": Question(Say("prescription-needed"), Say("prescription-text-hint")),
    }
    return lambda _frame, _standing: texts[name]


def _preview(frame: Frame, _standing: Standing) -> Question:
    listed = "\n".join(
        f"{number}. {one.medication} · {one.quantity} · {one.dosage} · {one.needed}"
        for number, one in enumerate(items_of(frame), start=1)
    )
    text = Say("prescription-preview", {"patient": patient_of(frame), "items": listed})
    return Question(text, Say("prescription-preview-hint"), _OPTIONS)


def _late(_frame: Frame, said: Said, _standing: Standing) -> Turn | None:
    return None if said.is_for_us else Close((Say("prescription-late"),))


def _after(effect: object, outcome: object, _standing: Standing) -> Turn:
    if isinstance(effect, Send):
        if not isinstance(outcome, tuple) or not outcome:
            return Close((Say("prescription-too-many-open"),))
        numbers = ", ".join(str(number) for number in outcome)
        return Close((Say("prescription-sent", {"count": len(outcome), "numbers": numbers}),))
    return Close((outcome,) if isinstance(outcome, Say) else ())


def _step(name: str, take: Take) -> Step[Standing]:
    return Step(name, _asking(name), take, Say("prescription-stopped"), _late)


PRESCRIPTION_DIALOGUE: Dialogue[Any] = Dialogue(
    name=PRESCRIPTION,
    command="rezept",
    steps=(
        _step("patient", _typed(_take_patient)),
        _step("medication", _take_field("medication")),
        _step("quantity", _take_field("quantity")),
        _step("dosage", _take_field("dosage")),
        _step("needed", _take_field("needed")),
        Step(_PREVIEW, _preview, _take_preview, Say("prescription-stopped"), _late),
    ),
    begin=_begin,
    after=_after,
    help=Say("prescription-help"),
)
