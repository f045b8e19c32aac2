"""What a person means by an answer; never guessed where it binds."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.dialogue.choosing import NoChoice, Option, choose, yes_or_no

RECIPE = Option("recipe", "Rezept", ("rezepte", "folgerezept", "medikament"))
SICK = Option("sick", "Krankmeldung (AU)", ("krankschreibung",))
FINDINGS = Option("findings", "Befund", ("befunde", "laborwerte"))
OPTIONS = (RECIPE, SICK, FINDINGS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", RECIPE), ("2.", SICK), ("die 3 bitte", FINDINGS), ("drei", FINDINGS), ("der erste", RECIPE),
        ("２", SICK), ("2️⃣", SICK), ("Rezept", RECIPE), ("REZEPT!", RECIPE), ("rezpet", RECIPE), ("Rezeot", RECIPE),
        ("ich möchte ein Folgerezept", RECIPE), ("Krankmeldung (AU)", SICK), ("krank-meldung", NoChoice.UNCLEAR),
        ("Krankmeldug", SICK), ("au", SICK), ("Laborwerte", FINDINGS), ("Rezept und Befund", NoChoice.AMBIGUOUS),
        ("1 oder 2", NoChoice.UNCLEAR), ("1 2", NoChoice.AMBIGUOUS), ("4", NoChoice.NO_SUCH_NUMBER),
        ("0", NoChoice.NO_SUCH_NUMBER), ("99999", NoChoice.UNCLEAR), ("", NoChoice.UNCLEAR), ("?", NoChoice.UNCLEAR),
        ("kein Rezept", NoChoice.UNCLEAR), ("nicht die 1", NoChoice.UNCLEAR), ("x" * 400, NoChoice.UNCLEAR),
        ("Bezept", NoChoice.UNCLEAR), ("in 2 Wochen", NoChoice.UNCLEAR),
    ],
)  # fmt: skip
def test_an_answer_chooses_one_option_or_none(text: str, expected: Option | NoChoice) -> None:
    assert choose(text, OPTIONS) is expected


@pytest.mark.parametrize("text", ["rezpet", "rezept vielleicht", "Rezept und dann Kaffee", "krankmeldug"])
def test_a_binding_answer_is_not_guessed(text: str) -> None:
    assert choose(text, OPTIONS, is_binding=True) is NoChoice.UNCLEAR
    assert choose("Rezept", OPTIONS, is_binding=True) is RECIPE


def test_umlauts_are_written_in_any_way() -> None:
    options = (Option("u", "Überweisung"), Option("g", "Größe"))
    for text in ("Überweisung", "Ueberweisung", "U\u0308berweisung", "ÜBERWEISUNG"):
        assert choose(text, options) is options[0]
    for text in ("Größe", "Groesse", "GRÖSSE"):
        assert choose(text, options) is options[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ja", True), ("Ja, bitte!", True), ("JAWOHL", True), ("ok", True), ("nein", False), ("Nein danke", False),
        ("nö", False), ("ja nein", None), ("jein", None), ("jaa", None), ("ja aber später", None), ("", None),
        ("vielleicht", None), ("ja" * 500, None), ("nicht ja", None),
    ],
)  # fmt: skip
def test_yes_and_no_are_whole_words(text: str, expected: bool | None) -> None:
    assert yes_or_no(text) is expected


@given(st.text(max_size=400), st.booleans())
def test_any_text_is_read_without_an_error(text: str, is_binding: bool) -> None:
    assert choose(text, OPTIONS, is_binding=is_binding) in {*OPTIONS, *NoChoice}


@given(st.text(alphabet=string.ascii_letters + " äöüß.,!?", max_size=60))
def test_what_is_chosen_with_binding_is_chosen_without(text: str) -> None:
    binding = choose(text, OPTIONS, is_binding=True)
    assert not isinstance(binding, Option) or choose(text, OPTIONS) is binding
