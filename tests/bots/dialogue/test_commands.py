"""Words that mean the same in every step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.dialogue.commands import Command, Spoken, read_spoken


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("abbrechen", Command.STOP), ("Abbrechen!", Command.STOP), ("abbrechn", Command.STOP),
        ("!abbrechen", Command.STOP), ("stopp", Command.WITHDRAW), ("bitte abbrechen", Command.STOP),
        ("hilfe", Command.HELP), ("Hiilfe", Command.HELP), ("?", Command.HELP), ("???", Command.HELP),
        ("!hilfe", Command.HELP), ("!termin hilfe", Command.HELP), ("zurück", Command.BACK),
        ("zurueck", Command.BACK), ("ZURÜCK", Command.BACK), ("zuruck", Command.BACK), ("mensch", Command.HUMAN),
        ("!mensch", Command.HUMAN), ("Ich möchte mit einem Menschen sprechen", Command.HUMAN),
        ("> <@bot:b> Frage\n\nmensch", Command.HUMAN), ("bot", Command.BOT), ("!bot", Command.BOT),
        ("widerruf", Command.WITHDRAW), ("Mensch ärgere dich nicht", None), ("ich komme zurück aus dem Urlaub", None),
        ("hilfe bei der Tablette", None), ("boot", None), ("", None), ("1", None), ("!termin", None),
        ("x" * 5000, None), ("Guten Tag", None),
    ],
)  # fmt: skip
def test_a_word_at_any_time(text: str, command: Command | None) -> None:
    assert read_spoken(text).command is command


@pytest.mark.parametrize(
    ("text", "addressed", "rest"),
    [
        ("!termin", "termin", ""),
        ("!Termin 2", "termin", "2"),
        ("! termin: morgen", "termin", "morgen"),
        ("!termin2", "termin", "2"),
        ("！termin", "termin", ""),
        ("!verbinden 482913", "verbinden", "482913"),
        ("!zurück", "zurueck", ""),
        ("termin!", None, "termin!"),
        ("!!", None, "!!"),
    ],
)
def test_a_command_and_what_follows_it(text: str, addressed: str | None, rest: str) -> None:
    spoken = read_spoken(text)
    assert (spoken.addressed, spoken.rest) == (addressed, rest)


@given(st.text(max_size=200))
def test_any_text_is_taken_apart_without_an_error(text: str) -> None:
    assert isinstance(read_spoken(text), Spoken)
