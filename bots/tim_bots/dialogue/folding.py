"""One spelling for everything people type, and how much two words look alike."""

import re
import unicodedata
from collections.abc import Iterable

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
# Direction marks and zero-width characters, control characters, keycaps around digits.
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Cc", "Me"})
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_WORD = re.compile(r"[^\W_]+")

_ONE_SLIP, _TWO_SLIPS = 5, 9
"""From so many letters on, a word may differ in one place, or in two."""


def fold(text: str) -> str:
    """Lower case, one kind of digit and umlaut ("ß" is "ss"), single spaces, nothing invisible."""
    visible = "".join(
        character if not character.isspace() else " "
        for character in unicodedata.normalize("NFKC", text)
        if character.isspace() or not _is_invisible(character)
    )
    return " ".join(visible.casefold().translate(_UMLAUTS).split())


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or ord(character) in _VARIATION_SELECTORS


def words_of(text: str) -> list[str]:
    """The words of folded text, in order."""
    return _WORD.findall(text)


def without_quote(text: str) -> str:
    """The text without the quoted message that clients put in front of a reply."""
    lines = text.strip().splitlines()
    while lines and lines[0].startswith(">"):
        del lines[0]
    return "\n".join(lines).strip()


def looks_like(word: str, known: str) -> bool:
    """Whether `word` is `known`, or is it with a slip of the finger; both folded.

    The first letter must be right, and a word with a digit has no slips: "2" is not "3".
    """
    if word == known:
        return True
    if word[:1] != known[:1] or not known.isalpha():
        return False
    slips = 0 if len(known) < _ONE_SLIP else 1 if len(known) < _TWO_SLIPS else 2
    if slips == 0:
        return False
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - 3 MiB that a bot does not need to start

    return OSA.distance(word, known, score_cutoff=slips) <= slips


def is_one_of(word: str, vocabulary: Iterable[str]) -> bool:
    """Whether `word` looks like any word of the vocabulary."""
    return any(looks_like(word, known) for known in vocabulary)
