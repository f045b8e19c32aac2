import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.appointment.point_in_time import PointInTime
from tim_bots.appointment.reading import LONGEST_TEXT, Intent, read

SLIPS = ("Temrin", "Tremin", "Termn", "Terrmin", "Termiin", "Ternin", "Termim")


@pytest.mark.parametrize(
    "text",
    [
        "!termin", "!Termin", "! termin", "!TERMIN", "Termin", "TERMIN bitte", "termine", "Ich hätte gern einen Termin",
        "Guten Tag, wir bräuchten für eine Bewohnerin einen Termin in der nächsten Woche. Danke!",
        "Terminanfrage", "Terminwunsch", "Impftermin bitte", "Termin-Anfrage", "2 Termine bitte", "Te\u00adrmin",
        "T\u200be\u200br\u200bmin", "ＴＥＲＭＩＮ", "\u202eTermin\u202c", "> <@a:b.test> Hallo\n> Welt\n\nTermin",
        "Ein neuer Termin, bitte!", *SLIPS,
    ],
)  # fmt: skip
def test_asks_for_an_appointment(text: str) -> None:
    reading = read(text)
    assert (reading.intent, reading.is_addressed) == (Intent.ASK, True)


@pytest.mark.parametrize(
    "text",
    [
        "Terminator", "Terminal 2 ist gesperrt", "terminiert", "Hermine kommt", "Terms", "Training", "Team",
        "Guten Tag", "Danke!", "das passt", "🙂", "halb elf", "nicht die 2", "2 oder 3", "in 2 Wochen",
        "10:30 oder 10:45", "99999", "nicht absagen", "lieber nicht", "Ich frage die Kollegin", "2 3", "wer ist da?",
    ],
)  # fmt: skip
def test_is_neither_wish_nor_answer(text: str) -> None:
    assert read(text).intent is Intent.UNCLEAR


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2), ("2.", 2), ("2)", 2), ("(2)", 2), ("die 2", 2), ("Nr. 2", 2), ("Nummer 2 bitte", 2), ("zwei", 2),
        ("Zwo", 2), ("die Zweite", 2), ("Ich nehme den zweiten Termin", 2), ("der erste passt", 1), ("eins", 1),
        ("Drei, danke!", 3), ("!termin 2", 2), ("!termin2", 2), ("!termin: 2", 2), ("den Termin 2 bitte", 2),
        ("２", 2), ("②", 2), ("2️⃣", 2), ("\u200f2\u200f", 2), ("\u200b2\u200d", 2), ("٢", 2), ("  2\n", 2),
        ("2\u00a0", 2), ("> <@bot:b> 1) Mo\n> 2) Di\n\n2", 2), ("Fünf", 5), ("fu\u0308nf", 5), ("0", 0), ("17", 17),
    ],
)  # fmt: skip
def test_chooses_a_number(text: str, number: int) -> None:
    reading = read(text)
    assert (reading.intent, reading.number, reading.when) == (Intent.CHOOSE, number, None)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Di 10:30", PointInTime(weekday=1, time=(10, 30))),
        ("Dienstag um 10:30 Uhr bitte", PointInTime(weekday=1, time=(10, 30))),
        ("10:30", PointInTime(time=(10, 30))),
        ("10.30 Uhr", PointInTime(time=(10, 30))),
        ("10.30", PointInTime(time=(10, 30))),
        ("10 Uhr", PointInTime(time=(10, 0))),
        ("10 Uhr 30", PointInTime(time=(10, 30))),
        ("10h30", PointInTime(time=(10, 30))),
        ("um 10", PointInTime(time=(10, 0))),
        ("um 2", PointInTime(time=(2, 0))),
        ("am 24.11.", PointInTime(day=24, month=11)),
        ("24.11. 10 Uhr", PointInTime(day=24, month=11, time=(10, 0))),
        ("Dienstag, 24.11.2026, 10:30 Uhr", PointInTime(1, 24, 11, 2026, (10, 30))),
        ("2) Dienstag, 24.11.2026, 10:30 Uhr", PointInTime(1, 24, 11, 2026, (10, 30))),
        ("24.11.26", PointInTime(day=24, month=11, year=2026)),
        ("Mittwoch", PointInTime(weekday=2)),
        ("Fr.", PointInTime(weekday=4)),
        ("１０:３０", PointInTime(time=(10, 30))),
    ],
)
def test_chooses_a_time(text: str, when: PointInTime) -> None:
    reading = read(text)
    assert (reading.intent, reading.when) == (Intent.CHOOSE, when)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("weitere", Intent.MORE), ("mehr", Intent.MORE), ("andere bitte", Intent.MORE), ("mehr Termine", Intent.MORE),
        ("weitere Vorschläge", Intent.MORE), ("nächste", Intent.MORE), ("später", Intent.MORE),
        ("abbrechen", Intent.STOP), ("STOPP!", Intent.STOP), ("Abbruch", Intent.STOP), ("nein, stopp", Intent.STOP),
        ("hilfe", Intent.HELP), ("Hilfe!", Intent.HELP), ("?", Intent.HELP), ("???", Intent.HELP),
        ("!termin hilfe", Intent.HELP),
        ("meine termine", Intent.LIST), ("Wann ist mein Termin?", Intent.LIST), ("!termin meine Termine", Intent.LIST),
        ("absagen", Intent.CANCEL), ("Termin absagen", Intent.CANCEL), ("Storno", Intent.CANCEL),
        ("Ich möchte meinen Termin absagen", Intent.CANCEL), ("Ich sage den Termin ab", Intent.CANCEL),
        ("Bitte sagen Sie den Termin ab", Intent.CANCEL), ("Ja, den Termin absagen", Intent.CANCEL),
        ("leider muss ich den Termin morgen wegen Krankheit absagen", Intent.CANCEL),
        ("Termin verschieben", Intent.MOVE), ("umbuchen", Intent.MOVE),
        ("Kann ich meinen Termin ändern?", Intent.MOVE),
        ("ja", Intent.YES), ("Ja bitte", Intent.YES), ("ja, absagen", Intent.YES), ("OK", Intent.YES),
        ("nein", Intent.NO), ("Nein danke", Intent.NO), ("Nö", Intent.NO),
        ("kein Termin mehr nötig", Intent.NOT_NEEDED), ("Ich brauche keinen Termin", Intent.NOT_NEEDED),
        ("Bitte den Termin nicht absagen", Intent.NOT_NEEDED),
        ("", Intent.EMPTY), (" \n\t", Intent.EMPTY), ("\u200b\u200f", Intent.EMPTY), ("> nur ein Zitat", Intent.EMPTY),
        ("x" * LONGEST_TEXT, Intent.UNCLEAR), ("x" * (LONGEST_TEXT + 1), Intent.TOO_LONG),
        ("Termin " * 9_000, Intent.TOO_LONG), (" " * 60_000, Intent.EMPTY),
    ],
)  # fmt: skip
def test_understands_a_word(text: str, intent: Intent) -> None:
    assert read(text).intent is intent


def test_a_number_after_cancelling_is_kept() -> None:
    assert (read("absagen 2").intent, read("absagen 2").number) == (Intent.CANCEL, 2)


@given(st.text(max_size=LONGEST_TEXT + 10))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert read(text).intent in Intent


@given(st.text(alphabet=string.ascii_letters + " äöüß.,!?", max_size=60))
def test_letters_alone_never_choose_a_number_that_was_not_written(text: str) -> None:
    assert read(text).number in {None, 1, 2, 3, 4, 5, 6, 7, 8, 9}


@given(st.integers(1, 9), st.randoms(use_true_random=False))
def test_invisible_characters_change_nothing(number: int, chance: random.Random) -> None:
    invisible = "".join(chance.choices("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0f\u20e3", k=5))
    assert read(f"{invisible}die{invisible} {number}{invisible}") == read(f"die {number}")
