"""What a person means: plain German to a closed set of intents, tolerant of typing and of odd characters."""

import enum
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import SequenceMatcher

from tim_bots.appointment.point_in_time import PointInTime, read_point_in_time
from tim_bots.appointment.vocabulary import CANCEL, MORE, MOVE, OWN
from tim_bots.dialogue.folding import fold, without_quote, words_of
from tim_bots.dialogue.vocabulary import FILLERS, HELP, NEGATION, NO, NUMBER_WORDS, STOP, YES

LONGEST_TEXT = 1000
"""Characters; nobody needs more to ask for an appointment."""


class Intent(enum.StrEnum):
    """What a message asks for."""

    ASK = "ask"
    """Wants an appointment (the command, or the word somewhere in the text)."""
    CHOOSE = "choose"
    """Names a number, a time, or both of something listed before."""
    MORE = "more"
    STOP = "stop"
    HELP = "help"
    LIST = "list"
    CANCEL = "cancel"
    MOVE = "move"
    YES = "yes"
    NO = "no"
    NOT_NEEDED = "not_needed"
    """Speaks of an appointment and of not wanting it; nothing may be booked or cancelled on that."""
    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as understood.

    Args:
        intent: what is asked.
        number: the number that was named, from 1; None without one.
        when: the weekday, date or time that was named; None without one.
        is_addressed: the person wrote `!termin` or used the word, so the bot is meant even in a busy room.
    """

    intent: Intent
    number: int | None = None
    when: PointInTime | None = None
    is_addressed: bool = False


_COMMAND = re.compile(r"! ?termin(?![a-z])[ :,.]*")
_SEPARABLE = re.compile(r"\bsagen?\b(.*)\bab\b")  # "Ich sage den Termin ab" is "absagen"
_NUMBER = re.compile(r"\d{1,4}")

# "Terminator" and "Terminal" are other words; "Terminanfrage" and "Impftermin" are not.
_KEYWORD = re.compile(
    r"[a-z]*termin(e|es|s|en|chen|anfrage|wunsch|vereinbarung|vergabe|buchung|vorschlag|vorschlaege)?"
)
_KEYWORD_LIKENESS = 0.8
_SUBJECT = "termin"


def read(text: str) -> Reading:
    """Understand one text message; total, never raises."""
    text = without_quote(text)
    if len(text) > LONGEST_TEXT:
        return Reading(Intent.TOO_LONG)
    plain = _SEPARABLE.sub(r"absagen \1", fold(text))
    if command := _COMMAND.match(plain):
        plain = plain[command.end() :]
    if not plain:
        return Reading(Intent.ASK, is_addressed=True) if command else Reading(Intent.EMPTY)
    words = frozenset(words_of(plain))
    has_keyword = any(map(_is_keyword, words))
    found = _short_answer(plain, has_keyword) or _about_appointments(words, has_keyword)
    return Reading(found.intent, found.number, found.when, is_addressed=bool(command) or has_keyword)


def _about_appointments(words: AbstractSet[str], has_keyword: bool) -> Reading:
    if not has_keyword:
        return Reading(Intent.UNCLEAR)
    if words & NEGATION:
        return Reading(Intent.NOT_NEEDED)
    for intent, vocabulary in ((Intent.CANCEL, CANCEL), (Intent.MOVE, MOVE), (Intent.LIST, OWN)):
        if words & vocabulary:
            return Reading(intent)
    return Reading(Intent.ASK)


def _short_answer(plain: str, has_keyword: bool) -> Reading | None:
    """A message with nothing in it but one wish, politeness, and perhaps a number or time."""
    if set(plain) <= set("?! .") and "?" in plain:
        return Reading(Intent.HELP)
    when, rest = read_point_in_time(plain)
    tokens = [token for token in words_of(rest) if token not in FILLERS and token != _SUBJECT]
    numbers = [int(token) for token in tokens if _NUMBER.fullmatch(token)]
    numbers += [NUMBER_WORDS[token] for token in tokens if token in NUMBER_WORDS]
    said = {token for token in tokens if not _NUMBER.fullmatch(token) and token not in NUMBER_WORDS}
    if len(numbers) > 1:
        return None
    number = numbers[0] if numbers else None
    if not said:
        return Reading(Intent.CHOOSE, number, when) if numbers or when else None
    said = {token for token in said if not _is_keyword(token)} - OWN or said
    for intent, vocabulary in _SHORT:
        if said <= vocabulary:
            return Reading(intent, number, when)
    if said <= YES | CANCEL:  # "ja, absagen" answers a question, "ja, Termin absagen" may open a dialogue
        return Reading(Intent.CANCEL if has_keyword else Intent.YES, number, when)
    return Reading(Intent.STOP) if said <= NO | STOP else None


_SHORT: tuple[tuple[Intent, AbstractSet[str]], ...] = (
    (Intent.STOP, STOP),
    (Intent.MORE, MORE),
    (Intent.HELP, HELP),
    (Intent.CANCEL, CANCEL),
    (Intent.MOVE, MOVE),
    (Intent.YES, YES),
    (Intent.NO, NO),
)


def _is_keyword(word: str) -> bool:
    if _KEYWORD.fullmatch(word):
        return True
    # A slip of the finger, never in the first letter; a longer word that begins with it is another word.
    return (
        word.startswith("t")
        and not word.startswith("termin")
        and SequenceMatcher(None, word, "termin", autojunk=False).ratio() >= _KEYWORD_LIKENESS
    )
