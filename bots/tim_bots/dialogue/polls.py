"""Polls as Element draws them: the unstable type of MSC3381, with a text for everybody else."""

from collections.abc import Mapping, Sequence
from typing import Any

from tim_bots.dialogue.choosing import Option
from tim_bots.flow import SendEvent

_START, _RESPONSE, _END = (f"org.matrix.msc3381.poll.{part}" for part in ("start", "response", "end"))
_TEXT = "org.matrix.msc1767.text"
_HIDDEN = "org.matrix.msc3381.poll.undisclosed"
"""Nobody else in the room sees the votes before the end."""
FEWEST, MOST = 2, 20
"""Options of a poll: one is no choice, and clients refuse more than 20."""


def start_poll(label: str, question: str, options: Sequence[Option]) -> SendEvent:
    """A poll with one vote per person.

    Args:
        label: under which votes and the end find it.
        question: above the options.
        options: from `FEWEST` to `MOST`.
    """
    lines = [f"{number}. {option.label}" for number, option in enumerate(options, start=1)]
    poll = {
        "question": {_TEXT: question, "body": question, "msgtype": "m.text"},
        "kind": _HIDDEN,
        "max_selections": 1,
        "answers": [{"id": option.value, _TEXT: option.label} for option in options],
    }
    return SendEvent(_START, {_START: poll, _TEXT: "\n".join((question, *lines))}, label=label)


def end_poll(label: str, text: str) -> SendEvent:
    """No vote counts after this; `text` is for clients that know no polls."""
    return SendEvent(_END, {_END: {}, _TEXT: text}, about=label)


def read_vote(content: Mapping[str, Any]) -> str | None:
    """The id of the one answer that was chosen, in the stable or the unstable form; None if it is no valid vote."""
    unstable = content.get(_RESPONSE)
    answers = unstable.get("answers") if isinstance(unstable, Mapping) else content.get("m.selections")
    if not isinstance(answers, list) or not answers or not isinstance(answers[0], str):
        return None  # an empty vote withdraws
    return answers[0]
