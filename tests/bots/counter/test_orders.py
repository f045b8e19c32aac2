"""What the staff types: understood, or refused with a text that helps; nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.counter.orders import LONGEST_TEXT, Misread, Order, Verb, read_order


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("!ok 17", Order(Verb.OK, 17)),
        ("! OK #17", Order(Verb.OK, 17)),
        ("！ok 17", Order(Verb.OK, 17)),
        ("!ok17", Order(Verb.OK, 17)),
        ("!ok nr. 17: Liegt bereit", Order(Verb.OK, 17, "Liegt bereit")),
        ("!nein 17 Termin nötig, Äpfel", Order(Verb.NO, 17, "Termin nötig, Äpfel")),
        ("!nein 17\nZeile 1\nZeile 2", Order(Verb.NO, 17, "Zeile 1\nZeile 2")),
        ("!frage 17 5 oder 10?", Order(Verb.ASK, 17, "5 oder 10?")),
        ("!antwort 17 Ja", Order(Verb.ASK, 17, "Ja")),
        ("!nehme 17", Order(Verb.TAKE, 17)),
        ("!nemhe 17", Order(Verb.TAKE, 17)),
        ("!übernehme 17", Order(Verb.TAKE, 17)),
        ("!frei 17", Order(Verb.RELEASE, 17)),
        ("!Ärztin 17", Order(Verb.DOCTOR, 17)),
        ("!zeig 17", Order(Verb.SHOW, 17)),
        ("!dazu 17", Order(Verb.JOIN, 17)),
        ("!offen", Order(Verb.OPEN, None)),
        ("!ofen", Order(Verb.OPEN, None)),
        ("!meine", Order(Verb.MINE, None)),
        ("!hilfe", Order(Verb.HELP, None)),
        ("!", Misread.UNKNOWN),
        ("!17 ok", Misread.UNKNOWN),
        ("!quatsch 17", Misread.UNKNOWN),
        ("!ok", Misread.NO_NUMBER),
        ("!ok siebzehn", Misread.NO_NUMBER),
        ("!ok 17a", Misread.NO_NUMBER),
        ("!ok 12345678", Misread.NO_NUMBER),
        ("!nein 17", Misread.NO_REASON),
        ("!frage 17", Misread.NO_TEXT),
        ("!frage 17 " + "x" * (LONGEST_TEXT + 1), Misread.TOO_LONG),
        ("ok 17", Misread.NO_MARK),
        ("nein 17 zu früh", Misread.NO_MARK),
        ("ok, mache ich", None),
        ("Wer macht die 17?", None),
        ("", None),
    ],
)
def test_an_order_in_the_room(text: str, order: Order | Misread | None) -> None:
    assert read_order(text, None) == order


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("ok", Order(Verb.OK, 17)),
        ("> <@bot:a.test> Anfrage 18\n\nOK!", Order(Verb.OK, 17)),
        ("nehme", Order(Verb.TAKE, 17)),
        ("Arzt", Order(Verb.DOCTOR, 17)),
        ("!ok", Order(Verb.OK, 17)),
        ("!nein zu früh", Order(Verb.NO, 17, "zu früh")),
        ("!nein 17 zu früh", Order(Verb.NO, 17, "zu früh")),
        ("!nein 5 sind noch da", Misread.TWO_NUMBERS),
        ("!ok 18", Misread.TWO_NUMBERS),
        ("nein, das war Herr Ott", Misread.NO_MARK),
        ("ok, wer macht das?", Misread.NO_MARK),
        ("die nervt schon wieder", Misread.NO_MARK),
        ("okey", Misread.NO_MARK),
        ("", Misread.NO_MARK),
        ("!offen", Order(Verb.OPEN, None)),
    ],
)
def test_a_reply_to_a_card(text: str, order: Order | Misread | None) -> None:
    assert read_order(text, 17) == order


@given(st.text(max_size=60), st.none() | st.integers(1, 99))
def test_any_text_is_read_and_only_a_mark_passes_text_on(text: str, about: int | None) -> None:
    order = read_order(text, about)
    if isinstance(order, Order):
        assert order.number in {None, about} or about is None
        if order.text:
            assert text.strip().startswith(("!", "！", ">"))


@given(st.sampled_from(["!ok", "!nein", "!frage", "!nehme", "!arzt", "!dazu"]), st.text(max_size=40))
def test_whatever_follows_a_word_names_a_number_or_does_nothing(word: str, rest: str) -> None:
    order = read_order(f"{word} {rest}", None)
    assert isinstance(order, Misread) or order is None or order.number is not None
