"""The question for consent, as data for the engine."""

from dataclasses import dataclass
from typing import Any

from tim_bots.dialogue.choosing import Option, yes_or_no
from tim_bots.dialogue.conversation import Frame
from tim_bots.dialogue.dialogue import Ask, Close, Dialogue, Do, Question, Refer, Said, Say, Step, Turn

CONSENT = "consent"
_ASK = "ask"


@dataclass(frozen=True, slots=True)
class Status:
    """The facts.

    Args:
        text: what is consented to.
        is_given: the person consents to it already.
    """

    text: str
    is_given: bool


@dataclass(frozen=True, slots=True)
class Record:
    """Record the consent, and go on with a dialogue; empty: with none. Outcome: the FHIR resource."""

    then: str


def ask_consent(then: str = "") -> Ask:
    """Ask, and go on with the dialogue `then`."""
    return Ask(Frame(step=_ASK, values={"then": (then,)}))


def _begin(said: Said, status: Status) -> Turn | None:
    if not said.is_for_us:
        return None
    return Close((Say("person-consent-given"),)) if status.is_given else ask_consent()


def _ask(_frame: Frame, status: Status) -> Question:
    return Question(
        text=Say("person-consent-question", {"text": status.text}),
        hint=Say("person-consent-hint"),
        options=(Option("yes", "Ja"), Option("no", "Nein")),
    )


def _take(frame: Frame, said: Said, _status: Status) -> Turn | None:
    """Binding: whole words only, and no vote, which everybody's client words differently."""
    answer = None if said.vote is not None else yes_or_no(said.spoken.rest)
    if answer is None:
        return None
    return Do(Record(frame.values["then"][0])) if answer else Close((Say("person-consent-refused"),))


def _late(_frame: Frame, said: Said, _status: Status) -> Turn | None:
    is_answer = said.vote is None and yes_or_no(said.spoken.rest) is not None
    return Close((Say("person-consent-late"),)) if is_answer else None


def _after(effect: object, _outcome: object, _status: Status) -> Turn:
    then = effect.then if isinstance(effect, Record) else ""
    recorded = (Say("person-consent-recorded"),)
    return Refer(then, recorded) if then else Close(recorded)


CONSENT_DIALOGUE: Dialogue[Any] = Dialogue(
    name=CONSENT,
    command="einwilligung",
    steps=(Step(_ASK, _ask, _take, Say("person-consent-refused"), _late),),
    begin=_begin,
    after=_after,
    help=Say("person-help"),
)
