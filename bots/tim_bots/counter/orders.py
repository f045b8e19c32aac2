"""What the staff types in the counter room. Pure and total; unclear means that nothing is done.

A word that decides something begins with "!", so that nothing said among colleagues reaches an asker; only a reply
that says nothing but "ok", "nehme", "frei" or "arzt" does without.
"""

import enum
import re
from dataclasses import dataclass

from tim_bots.dialogue.folding import fold, is_one_of, without_quote, words_of
from tim_bots.dialogue.vocabulary import vocabulary

LONGEST_TEXT = 8_000
"""Characters that are passed on; with its envelope it stays far below what an event may hold."""


class Verb(enum.StrEnum):
    """What is to be done."""

    OK = "ok"
    NO = "nein"
    ASK = "frage"
    TAKE = "nehme"
    RELEASE = "frei"
    DOCTOR = "arzt"
    JOIN = "dazu"
    ROOM = "raum"
    SHOW = "zeig"
    OPEN = "offen"
    MINE = "meine"
    HELP = "hilfe"


class Misread(enum.StrEnum):
    """Why a text is no order; names a text of the catalogue."""

    UNKNOWN = "counter-unknown-word"
    NO_NUMBER = "counter-number-missing"
    TWO_NUMBERS = "counter-two-numbers"
    NO_REASON = "counter-reason-missing"
    NO_TEXT = "counter-text-missing"
    TOO_LONG = "counter-text-too-long"
    NO_MARK = "counter-mark-missing"
    """It looks like an order, or answers a card, but has no "!"."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that was understood.

    Args:
        verb: what is to be done.
        number: of the case; None for an order about all of them.
        text: for the asker, as typed; may be empty except with NO and ASK.
    """

    verb: Verb
    number: int | None
    text: str = ""


_WORDS = {
    Verb.OK: vocabulary("ok okay erledigt"),
    Verb.NO: vocabulary("nein ablehnen"),
    Verb.ASK: vocabulary("frage fragen antwort antworten"),
    Verb.TAKE: vocabulary("nehme nehmen uebernehme"),
    Verb.RELEASE: vocabulary("frei freigeben"),
    Verb.DOCTOR: vocabulary("arzt aerztin"),
    Verb.JOIN: vocabulary("dazu beitreten"),
    Verb.ROOM: vocabulary("raum"),
    Verb.SHOW: vocabulary("zeig zeige anzeigen"),
    Verb.OPEN: vocabulary("offen offene"),
    Verb.MINE: vocabulary("meine"),
    Verb.HELP: vocabulary("hilfe help"),
}
_ABOUT_ALL = frozenset({Verb.OPEN, Verb.MINE, Verb.HELP})
_WITHOUT_MARK = frozenset({Verb.OK, Verb.TAKE, Verb.RELEASE, Verb.DOCTOR})
_ORDER = re.compile(r"[!！]\s*(?P<word>[^\W\d_]+)[\s:,.]*(?P<rest>.*)", re.DOTALL)
_NUMBER = re.compile(r"(?:nr\.?\s*)?#?(?P<number>[0-9]{1,7})(?![^\W_])[\s:,.]*(?P<rest>.*)", re.DOTALL | re.IGNORECASE)


def read_order(text: str, about: int | None) -> Order | Misread | None:
    """Understand what a member wrote.

    Args:
        text: as sent.
        about: number of the case whose card, or message, it replies to; None: it replies to none.

    Returns:
        None: said among people, not to the bot.
    """
    plain = without_quote(text)
    if plain.startswith(("!", "！")):
        return _marked(plain, about)
    words = words_of(fold(plain))
    verb = _verb(words[0], is_exact=True) if words else None
    if about is not None:
        is_clear = verb in _WITHOUT_MARK and len(words) == 1
        return Order(verb, about) if verb is not None and is_clear else Misread.NO_MARK
    is_like_an_order = verb is not None and len(words) > 1 and words[1].isdigit()
    return Misread.NO_MARK if is_like_an_order else None


def _marked(plain: str, about: int | None) -> Order | Misread:
    match = _ORDER.match(plain)
    verb = None if match is None else _verb(fold(match["word"]), is_exact=False)
    if match is None or verb is None:
        return Misread.UNKNOWN
    if verb in _ABOUT_ALL:
        return Order(verb, None)
    number, rest = about, match["rest"].strip()
    if (named := _NUMBER.match(rest)) is not None:
        if about not in {None, int(named["number"])}:
            return Misread.TWO_NUMBERS
        number, rest = int(named["number"]), named["rest"].strip()
    if number is None:
        return Misread.NO_NUMBER
    return _with_text(verb, number, rest)


def _with_text(verb: Verb, number: int, text: str) -> Order | Misread:
    if len(text) > LONGEST_TEXT:
        return Misread.TOO_LONG
    if not text and verb is Verb.NO:
        return Misread.NO_REASON
    if not text and verb is Verb.ASK:
        return Misread.NO_TEXT
    return Order(verb, number, text)


def _verb(word: str, *, is_exact: bool) -> Verb | None:
    exact = next((verb for verb, known in _WORDS.items() if word in known), None)
    if exact is not None or is_exact:
        return exact
    alike = [verb for verb, known in _WORDS.items() if is_one_of(word, known)]
    return alike[0] if len(alike) == 1 else None
