"""The question for the concern, as data for the engine."""

from dataclasses import dataclass
from typing import Any

from tim_bots.dialogue.choosing import NoChoice, Option, choose
from tim_bots.dialogue.conversation import Frame
from tim_bots.dialogue.dialogue import Ask, Close, Dialogue, Do, Question, Refer, Said, Say, Stay, Step, Turn

CONCERN = "concern"


@dataclass(frozen=True, slots=True)
class Offered:
    """One concern that this person may have.

    Args:
        option: as it is offered; its value is the concern's key.
        dialogue: of the bot that deals with it; None: the staff does.
    """

    option: Option
    dialogue: str | None


@dataclass(frozen=True, slots=True)
class Counter:
    """The facts: what this person can come for."""

    concerns: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Bring in somebody for this concern. Outcome: the text that says what was done."""

    concern: str


def first_question(counter: Counter) -> Ask:
    """Ask for the concern; the numbers mean what was shown, whatever is offered by the time of the answer."""
    return Ask(Frame(step=CONCERN, values={"concerns": tuple(one.option.value for one in counter.concerns)}))


def _begin(said: Said, counter: Counter) -> Turn | None:
    if said.vote is not None or not counter.concerns or (said.is_shared and not said.is_for_us):
        return None
    text = said.spoken.rest if said.is_for_us else said.spoken.text
    return _lead(text, counter) or first_question(counter)


def _lead(text: str, counter: Counter) -> Turn | None:
    """Go straight on with a concern that was named."""
    found = choose(text, [one.option for one in counter.concerns])
    return None if isinstance(found, NoChoice) else _go_on(found.value, counter)


def _go_on(value: str, counter: Counter) -> Turn | None:
    for one in counter.concerns:
        if one.option.value == value:
            return Do(Route(value)) if one.dialogue is None else Refer(one.dialogue)
    return None


def _shown(frame: Frame, counter: Counter) -> tuple[Option, ...]:
    """The options in the order in which they were shown; one that is not offered any more keeps its number."""
    offered = {one.option.value: one.option for one in counter.concerns}
    return tuple(offered.get(key, Option(key, key)) for key in frame.values.get("concerns", ()))


def _ask(frame: Frame, counter: Counter) -> Question:
    options = _shown(frame, counter)
    listed = "\n".join(f"{number}) {option.label}" for number, option in enumerate(options, start=1))
    return Question(
        text=Say("triage-question", {"concerns": listed}),
        hint=Say("triage-hint", {"count": len(options)}),
        options=options,
        poll=Say("triage-poll"),
    )


def _take(frame: Frame, said: Said, counter: Counter) -> Turn | None:
    if said.vote is not None:
        return _go_on(said.vote, counter)
    options = _shown(frame, counter)
    found = choose(said.spoken.rest, options)
    match found:
        case Option():
            return _go_on(found.value, counter)
        case NoChoice.AMBIGUOUS:
            return Stay((Say("triage-ambiguous"),))
        case NoChoice.NO_SUCH_NUMBER:
            return Stay((Say("triage-hint", {"count": len(options)}),))
        case _:
            return None


def _late(_frame: Frame, _said: Said, _counter: Counter) -> Turn | None:
    return None


def _after(_effect: object, outcome: object, _counter: Counter) -> Turn:
    return Close(tuple(outcome) if isinstance(outcome, tuple) else ())


TRIAGE: Dialogue[Any] = Dialogue(
    name="triage",
    command="anliegen",
    steps=(Step(CONCERN, _ask, _take, Say("triage-stopped"), _late),),
    begin=_begin,
    after=_after,
    help=Say("triage-help"),
)
