"""Which of the listed options a person means: by number, by word, never by guessing."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from tim_bots.dialogue.folding import fold, looks_like, words_of
from tim_bots.dialogue.vocabulary import FILLERS, NEGATION, NO, NUMBER_WORDS, YES

LONGEST_ANSWER = 300
"""Characters; a longer text is an explanation, not a choice."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose.

    Args:
        value: what is stored and voted for; short, without personal data.
        label: what people see, in their language.
        words: what people may write for it, besides its number and its label.
    """

    value: str
    label: str
    words: tuple[str, ...] = ()


class NoChoice(enum.Enum):
    """Why no option was chosen."""

    UNCLEAR = enum.auto()
    AMBIGUOUS = enum.auto()
    """Fits several options."""
    NO_SUCH_NUMBER = enum.auto()


def choose(text: str, options: Sequence[Option], *, is_binding: bool = False) -> Option | NoChoice:
    """Find the option.

    Args:
        text: as written.
        options: in the order in which they were numbered, from 1.
        is_binding: something follows that cannot be taken back: no slip of the finger is forgiven.

    Raises:
        Nothing.
    """
    plain = fold(text)
    if len(plain) > LONGEST_ANSWER:
        return NoChoice.UNCLEAR
    same = [option for option in options if fold(option.label) == plain]
    if len(same) == 1:
        return same[0]
    words = [word for word in words_of(plain) if word not in FILLERS]
    numbers = {NUMBER_WORDS.get(word) or int(word) for word in words if _is_number(word)}
    rest = [word for word in words if not _is_number(word)]
    if numbers and not rest:
        return _by_number(numbers, options)
    if not rest or numbers or set(rest) & NEGATION:
        return NoChoice.UNCLEAR
    return _by_word(rest, options, is_binding=is_binding)


def _is_number(word: str) -> bool:
    return word in NUMBER_WORDS or (word.isascii() and word.isdigit() and len(word) <= len("9999"))


def _by_number(numbers: set[int], options: Sequence[Option]) -> Option | NoChoice:
    if len(numbers) > 1:
        return NoChoice.AMBIGUOUS
    number = numbers.pop()
    return options[number - 1] if 1 <= number <= len(options) else NoChoice.NO_SUCH_NUMBER


def _by_word(said: Sequence[str], options: Sequence[Option], *, is_binding: bool) -> Option | NoChoice:
    exact = [option for option in options if _says(said, option, only_exact=True)]
    found = exact or ([] if is_binding else [option for option in options if _says(said, option, only_exact=False)])
    if len(found) > 1:
        return NoChoice.AMBIGUOUS
    return found[0] if found else NoChoice.UNCLEAR


def _says(said: Sequence[str], option: Option, *, only_exact: bool) -> bool:
    """Whether what was said contains one of the option's words; for a binding answer, nothing but those."""
    known = {word for text in option.words for word in words_of(fold(text))}
    known |= {word for word in words_of(fold(option.label)) if word not in FILLERS}
    if only_exact and len(said) == 1:
        return said[0] in known
    if only_exact:
        return all(word in known for word in said)
    return any(looks_like(word, one) for word in said for one in known)


def yes_or_no(text: str) -> bool | None:
    """A binding yes or no: whole words, nothing else; None if it is neither."""
    words = {word for word in words_of(fold(text[:LONGEST_ANSWER])) if word not in FILLERS}
    if not words or len(text) > LONGEST_ANSWER:
        return None
    return True if words <= YES else False if words <= NO else None
