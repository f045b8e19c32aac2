"""Tells whether a text is exactly one emoji, by the Unicode data of the `emoji` package."""

import re

import emoji

_EMOJI_STYLE = "\N{VARIATION SELECTOR-16}"
_LONGEST = 2 * max(map(len, emoji.EMOJI_DATA))
# At most one after each character that can carry it: two in a row, or a leading one, are no emoji sequence.
_WELL_STYLED = re.compile(rf"(?:[^{_EMOJI_STYLE}]{_EMOJI_STYLE}?)+")


def is_one_emoji(text: str) -> bool:
    """Whether `text` is one emoji (Unicode Technical Standard 51) and nothing else.

    Sequences that Unicode recommends (keycaps, flags, skin tones, joined ones) are one, with and without the variation
    selectors that ask for coloured glyphs: clients differ in writing them.
    """
    if len(text) > _LONGEST or not _WELL_STYLED.fullmatch(text):
        return False
    return emoji.is_emoji(text) or emoji.is_emoji(text.replace(_EMOJI_STYLE, ""))
