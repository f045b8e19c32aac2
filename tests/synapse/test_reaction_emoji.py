"""What is one emoji, and what only looks like one."""

import emoji
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_synapse.reaction_emoji import is_one_emoji

VS15, VS16, ZWJ = "\ufe0e", "\ufe0f", "\u200d"
ONE = {
    "thumbs up": "👍",
    "with a selector, as Element writes it": "👍" + VS16,
    "heart in colour": "❤" + VS16,
    "heart without selector": "❤",
    "skin tone": "👍🏽",
    "a skin tone alone": "🏽",
    "flag": "🇩🇪",
    "flag of a part of a country": "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "rainbow flag": "🏳️‍🌈",
    "rainbow flag without selector": "🏳‍🌈",
    "family": "👨‍👩‍👧‍👦",
    "woman health worker with skin tone": "👩🏽‍⚕️",
    "the same without selector": "👩🏽‍⚕",
    "couple with two skin tones": "👩🏻‍🤝‍👨🏿",
    "keycap one": "1" + VS16 + "\u20e3",
    "keycap without selector": "1\u20e3",
    "keycap hash": "#" + VS16 + "\u20e3",
    "copyright": "©" + VS16,
    "heart on fire": "❤️‍🔥",
    "of Unicode 15": "🫨",
}
NOT_ONE = {
    "nothing": "",
    "blank": " ",
    "digit": "1",
    "digit with selector": "1" + VS16,
    "hash": "#",
    "star sign": "*",
    "letter": "a",
    "umlaut": "ä",
    "word": "ok",
    "shortcode": ":thumbsup:",
    "old smiley": ":-)",
    "two emojis": "👍👍",
    "two flags": "🇩🇪🇫🇷",
    "half a flag": "🇩",
    "three letters of flags": "🇩🇪🇫",
    "emoji and text": "👍 ok",
    "text and emoji": "ok👍",
    "emoji and blank": "👍 ",
    "emoji and line": "👍\n",
    "emoji and NUL": "👍\0",
    "emoji and bidi control": "\u202e👍",
    "emoji and byte order mark": "\ufeff👍",
    "selector alone": VS16,
    "text selector alone": VS15,
    "joiner alone": ZWJ,
    "keycap mark alone": "\u20e3",
    "two selectors": "👍" + VS16 + VS16,
    "selector first": VS16 + "👍",
    "text style": "❤" + VS15,
    "joined with nothing": "👍" + ZWJ,
    "joined to itself": "👍" + ZWJ + "👍",
    "joined text": "👨" + ZWJ + "a",
    "two skin tones": "👍🏽🏽",
    "skin tone on a face that takes none": "😀🏽",
    "keycap letter": "a" + VS16 + "\u20e3",
    "flag with unfinished tags": "🏴\U000e0067\U000e0062",
    "tags alone": "\U000e0067\U000e007f",
    "lone surrogate": "\ud83d",
    "emoji and lone surrogate": "👍\udc4d",
    "private use": "\ue000",
    "very long": "👍" * 100_000,
    "long chain": ZWJ.join(["👨"] * 1000),
    "long run of selectors": "👍" + VS16 * 100_000,
    "address": "mxc://praxis.tim.test/abc",
}


@pytest.mark.requirement("A_26228-01")
@pytest.mark.parametrize("text", ONE.values(), ids=ONE.keys())
def test_one_emoji(text: str) -> None:
    assert is_one_emoji(text)


@pytest.mark.parametrize("text", NOT_ONE.values(), ids=NOT_ONE.keys())
def test_not_one_emoji(text: str) -> None:
    assert not is_one_emoji(text)


def test_every_emoji_of_unicode_is_one_and_two_of_them_are_not() -> None:
    assert [text for text in emoji.EMOJI_DATA if not is_one_emoji(text)] == []
    assert [text for text in emoji.EMOJI_DATA if is_one_emoji(text + "x") or is_one_emoji("1" + text)] == []
    # A skin tone or a hair style joins what stands before it, so only other pairs are surely two.
    assert [text for text in emoji.EMOJI_DATA if is_one_emoji(text + "😀")] == []


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_gets_an_answer(text: str) -> None:
    assert is_one_emoji(text) in {text in emoji.EMOJI_DATA, text.replace(VS16, "") in emoji.EMOJI_DATA}


@given(st.sampled_from(sorted(emoji.EMOJI_DATA)), st.text(st.characters(categories=["L", "N", "Z", "C"]), min_size=1))
def test_text_beside_an_emoji_is_noticed(one: str, text: str) -> None:
    for together in (one + text, text + one):
        assert not is_one_emoji(together) or together in emoji.EMOJI_DATA
