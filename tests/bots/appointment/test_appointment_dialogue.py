"""The dialogue as people have it: the real flow, database and catalogue, only the clock is moved."""

import re
from collections.abc import Callable

import pytest

from tim_bots.flow import MessageKind, SendFile

from .conftest import Practice

NURSE = "@schwester:pflege.tim.test"
COLLEAGUE = "@kollege:pflege.tim.test"
FIRST, SECOND, THIRD = (
    "Montag, 23.11.2026, 10:00 Uhr",
    "Montag, 23.11.2026, 14:00 Uhr",
    "Dienstag, 24.11.2026, 08:00 Uhr",
)
OFFER = f"1) {FIRST}\n2) {SECOND}\n3) {THIRD}"


def test_asked_for_an_appointment_it_offers_three(practice: Practice) -> None:
    assert practice.says("Ich hätte gern einen Termin") == (
        f"Diese Termine sind frei (Sprechstunde, 30 Minuten):\n{OFFER}\n"
        "Antworten Sie mit der Nummer, zum Beispiel „2“. Andere Zeiten: „weitere“. Beenden: „abbrechen“."
    )


@pytest.mark.parametrize(
    ("answer", "booked"),
    [
        ("2", "Montag, 23. November 2026, 14:00 Uhr"),
        ("2.", "Montag, 23. November 2026, 14:00 Uhr"),
        ("die 2", "Montag, 23. November 2026, 14:00 Uhr"),
        ("zwei", "Montag, 23. November 2026, 14:00 Uhr"),
        ("!termin 2", "Montag, 23. November 2026, 14:00 Uhr"),
        ("2️⃣", "Montag, 23. November 2026, 14:00 Uhr"),
        ("ja, die 2", "Montag, 23. November 2026, 14:00 Uhr"),
        ("14:00", "Montag, 23. November 2026, 14:00 Uhr"),
        ("um 14 Uhr", "Montag, 23. November 2026, 14:00 Uhr"),
        ("Mo 10:00", "Montag, 23. November 2026, 10:00 Uhr"),
        ("Dienstag", "Dienstag, 24. November 2026, 08:00 Uhr"),
        ("den Termin am 24.11. bitte", "Dienstag, 24. November 2026, 08:00 Uhr"),
        ("2) Montag, 23.11.2026, 14:00 Uhr", "Montag, 23. November 2026, 14:00 Uhr"),
    ],
)
def test_an_answer_books(practice: Practice, answer: str, booked: str) -> None:
    practice.says("!termin")
    text, file = practice.shows(answer)
    assert getattr(text, "text", "").startswith(f"Ihr Termin ist gebucht: {booked}\nSprechstunde, Praxis Dr. ")
    assert "Hauptstraße 1, 10115 Berlin\nTerminnummer: T-1001\n" in getattr(text, "text", "")
    assert isinstance(file, SendFile)
    assert (file.file_name, file.mime_type) == ("termin.ics", "text/calendar")


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ("4", "Diese Nummer gibt es nicht. Bitte wählen Sie eine Nummer von 1 bis 3."),
        ("0", "Diese Nummer gibt es nicht. Bitte wählen Sie eine Nummer von 1 bis 3."),
        ("9999", "Diese Nummer gibt es nicht. Bitte wählen Sie eine Nummer von 1 bis 3."),
        ("Montag", "Dazu passen mehrere Termine. Bitte antworten Sie mit einer Nummer von 1 bis 3."),
        ("2 oder 3", "Das habe ich nicht verstanden. Antworten Sie bitte mit einer Nummer von 1 bis 3, "),
        ("nicht die 2", "Das habe ich nicht verstanden. "),
        ("ja", "Das habe ich nicht verstanden. "),
        ("Terminator", "Das habe ich nicht verstanden. "),
        ("", "Ihre Nachricht war leer. "),
        ("\u200b", "Ihre Nachricht war leer. "),
        ("ä" * 30_000, "Ihre Nachricht ist mir zu lang. "),
        ("hilfe", "Ich vereinbare Termine für Praxis Dr. Beispiel. "),
        ("verschieben", "Zum Verschieben buchen Sie "),
        ("absagen", "In diesem Raum haben Sie keinen kommenden Termin gebucht."),
        ("meine Termine", "In diesem Raum haben Sie keinen kommenden Termin gebucht."),
    ],
)
def test_what_is_no_choice_is_explained_and_the_offer_stands(practice: Practice, answer: str, reply: str) -> None:
    practice.says("!termin")
    assert practice.says(answer).startswith(reply)
    assert practice.says("1").startswith("Ihr Termin ist gebucht: Montag, 23. November 2026, 10:00 Uhr")


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        (MessageKind.ATTACHMENT, "Dateien und Bilder kann ich nicht lesen."),
        (MessageKind.OTHER, "Diese Art von Nachricht kann ich nicht lesen."),
    ],
)
def test_what_cannot_be_read_is_explained_and_the_offer_stands(
    practice: Practice, kind: MessageKind, reply: str
) -> None:
    assert practice.says("Termin 1.pdf", kind=kind).startswith(reply)
    practice.says("!termin")
    assert practice.says("Termin 1.pdf", kind=kind).startswith(reply)
    assert practice.says("1").startswith("Ihr Termin ist gebucht")


def test_a_time_that_was_not_offered_is_offered_when_it_is_free(practice: Practice) -> None:
    practice.says("!termin")
    answer = practice.says("Mittwoch 11:30")
    assert answer.startswith("Diese Zeit stand nicht zur Wahl.\n\nDiese Termine sind frei")
    assert "1) Mittwoch, 25.11.2026, 11:30 Uhr\n" in answer
    assert practice.says("1").startswith("Ihr Termin ist gebucht: Mittwoch, 25. November 2026, 11:30 Uhr")


def test_a_day_in_the_request_narrows_the_offer(practice: Practice) -> None:
    offered = practice.says("Haben Sie am Donnerstag einen Termin frei? Donnerstag wäre gut")
    assert OFFER in offered  # long sentences are not guessed at
    assert set(re.findall(r"\) (\w+),", practice.says("Termin am Donnerstag bitte"))) == {"Donnerstag"}


def test_more_shows_each_time_once_until_there_are_none(open_practice: Callable[..., Practice]) -> None:
    practice = open_practice(opening_hours={"mo": ["10:00-12:00"]}, horizon="6d")
    pages = [practice.says("!termin"), practice.says("weitere")]
    assert [re.findall(r"\d\d:\d\d", page) for page in pages] == [["10:00", "10:30", "11:00"], ["11:30"]]
    assert "Dieser Termin ist frei" in pages[1]
    assert practice.says("mehr").startswith("Weitere freie Termine gibt es zurzeit nicht.")
    assert practice.says("2").startswith("Diese Nummer gibt es nicht. Zur Wahl steht nur die „1“.")
    assert practice.says("ja").startswith("Ihr Termin ist gebucht: Montag, 23. November 2026, 11:30 Uhr")


def test_stopping_books_nothing(practice: Practice) -> None:
    for word in ("abbrechen", "stopp", "nein danke", "kein Termin mehr nötig"):
        practice.says("!termin")
        assert practice.says(word).startswith("In Ordnung, es wurde nichts gebucht.")
        assert practice.says("2") == ""
    assert practice.says("!termin stopp").startswith("Es ist gerade nichts offen.")


def test_an_expired_offer_is_renewed(practice: Practice) -> None:
    practice.says("!termin")
    practice.waits(minutes=30)
    answer = practice.says("1")
    assert answer.startswith("Mein letztes Angebot ist abgelaufen. Ich habe neu nachgesehen.\n\nDiese Termine")
    assert "1) Montag, 23.11.2026, 10:30 Uhr\n" in answer
    assert practice.says("1").startswith("Ihr Termin ist gebucht: Montag, 23. November 2026, 10:30 Uhr")


def test_a_time_that_has_begun_is_not_booked(open_practice: Callable[..., Practice]) -> None:
    practice = open_practice(lead_time="10m")
    practice.waits(minutes=15)
    assert "1) Montag, 23.11.2026, 08:30 Uhr" in practice.says("!termin")
    practice.waits(minutes=15)
    assert practice.says("1").startswith("Dieser Termin ist leider gerade vergeben worden.")


def test_without_free_times_it_says_so(open_practice: Callable[..., Practice]) -> None:
    practice = open_practice(opening_hours={"so": ["08:00-12:00"]}, horizon="3d")
    assert practice.says("!termin").startswith("Zurzeit ist leider kein Termin frei.")


def test_the_slower_of_two_is_told_and_offered_anew(practice: Practice) -> None:
    practice.says("!termin", sender=NURSE)
    practice.says("!termin", sender=COLLEAGUE, room_id="!anderer:pflege.tim.test")
    assert practice.says("1", sender=NURSE).startswith("Ihr Termin ist gebucht")
    answer = practice.says("1", sender=COLLEAGUE, room_id="!anderer:pflege.tim.test")
    assert answer.startswith("Dieser Termin ist leider gerade vergeben worden.\n\nDiese Termine sind frei")
    assert "1) Montag, 23.11.2026, 10:30 Uhr\n" in answer
    answer = practice.says("1", sender=COLLEAGUE, room_id="!anderer:pflege.tim.test")
    assert "Terminnummer: T-1002" in answer


# -- own bookings --------------------------------------------------------------------------------------------


def book(practice: Practice, *numbers: str) -> None:
    for number in numbers:
        practice.says("!termin")
        assert practice.says(number).startswith("Ihr Termin ist gebucht")


def test_own_bookings_are_listed_until_they_begin(practice: Practice) -> None:
    book(practice, "1", "3")
    assert practice.says("meine termine").startswith(
        "Ihre 2 Termine in diesem Raum:\n1) Montag, 23.11.2026, 10:00 Uhr\n2) Dienstag, 24.11.2026, 08:00 Uhr\n"
    )
    practice.waits(hours=2)
    assert practice.says("Wann ist mein Termin?").startswith("Ihr Termin in diesem Raum:\n1) Dienstag, ")


@pytest.mark.parametrize("confirmation", ["ja", "Ja bitte", "ja, absagen", "OK"])
def test_cancelling_asks_first_and_frees_the_time(practice: Practice, confirmation: str) -> None:
    book(practice, "1")
    assert practice.says("absagen") == (
        "Möchten Sie diesen Termin absagen: Montag, 23. November 2026, 10:00 Uhr? Antworten Sie mit „ja“ oder „nein“."
    )
    answer = practice.says(confirmation)
    assert answer.startswith("Ihr Termin ist abgesagt: Montag, 23. November 2026, 10:00 Uhr\nTerminnummer: T-1001")
    assert OFFER in practice.says("!termin")


@pytest.mark.parametrize("refusal", ["nein", "abbrechen", "Nein danke", "lieber den Termin nicht absagen"])
def test_a_cancellation_that_is_not_confirmed_changes_nothing(practice: Practice, refusal: str) -> None:
    book(practice, "1")
    practice.says("absagen")
    assert practice.says("weiß nicht").startswith("Das habe ich nicht verstanden. Antworten Sie bitte mit „ja“")
    assert practice.says(refusal) == "In Ordnung, es wurde nichts abgesagt."
    assert practice.says("meine Termine").startswith("Ihr Termin in diesem Raum:\n1) Montag")


def test_of_several_bookings_one_is_picked(practice: Practice) -> None:
    book(practice, "1", "3")
    assert practice.says("absagen").startswith("Welchen Termin möchten Sie absagen?\n1) Montag")
    assert practice.says("ja").startswith("Das habe ich nicht verstanden. Antworten Sie bitte mit der Nummer")
    assert practice.says("5").startswith("Diesen Termin habe ich nicht gefunden.\n\nWelchen Termin")
    assert "Dienstag, 24. November 2026, 08:00 Uhr?" in practice.says("Dienstag")
    assert practice.says("ja").startswith("Ihr Termin ist abgesagt: Dienstag")
    assert "Montag, 23. November 2026, 10:00 Uhr?" in practice.says("Ich sage den Termin ab")


def test_cancelling_by_number_at_once(practice: Practice) -> None:
    book(practice, "1", "3")
    assert "Dienstag, 24. November 2026, 08:00 Uhr?" in practice.says("absagen 2")


def test_a_late_yes_cancels_nothing(practice: Practice) -> None:
    book(practice, "3")
    practice.says("absagen")
    practice.waits(minutes=31)
    assert practice.says("ja").startswith("Meine Frage ist abgelaufen, es wurde nichts abgesagt.")
    assert practice.says("ja") == ""


def test_no_longer_needed_is_not_taken_as_cancelling(practice: Practice) -> None:
    book(practice, "1")
    assert practice.says("kein Termin mehr nötig").startswith("Ich habe nichts geändert.")


def test_nobody_sees_or_cancels_what_another_person_booked(practice: Practice) -> None:
    book(practice, "1")
    for text in ("meine Termine", "!termin absagen"):
        assert practice.says(text, sender=COLLEAGUE).startswith("In diesem Raum haben Sie keinen kommenden")
    assert practice.says("meine Termine", room_id="!fremd:pflege.tim.test").startswith("In diesem Raum haben Sie k")


# -- manners -------------------------------------------------------------------------------------------------


def test_it_greets_once(practice: Practice) -> None:
    greeting = practice.says(kind=MessageKind.ROOM_JOINED)
    assert greeting.startswith("Guten Tag, hier ist der Terminassistent von Praxis Dr. Beispiel.\nSchreiben Sie")
    assert len(greeting.splitlines()) == 2
    assert practice.hears(kind=MessageKind.ROOM_JOINED) == []


def test_chatter_gets_help_once_a_day(practice: Practice) -> None:
    practice.says(kind=MessageKind.ROOM_JOINED)
    assert practice.says("Hallo?").startswith("Ich vereinbare Termine für")
    assert practice.hears("Hallo?") == []
    practice.waits(days=1)
    assert practice.says("Guten Morgen").startswith("Ich vereinbare Termine für")


def test_thanks_after_a_booking_needs_no_answer(practice: Practice) -> None:
    book(practice, "1")
    assert practice.hears("Vielen Dank!") == []


@pytest.fixture
def shared(practice: Practice) -> Practice:
    """A room in which two people have written."""
    practice.hears("Guten Morgen", sender=NURSE)
    practice.hears("Guten Morgen", sender=COLLEAGUE)
    return practice


@pytest.mark.parametrize(
    "text",
    ["Wie war der Dienst?", "2", "ja", "?", "Hilfe", "absagen", "Dienstag", "", "x" * 60_000, "um 10 Uhr"],
)
def test_it_keeps_out_of_the_talk_of_others(shared: Practice, text: str) -> None:
    shared.waits(days=2)
    assert shared.hears(text) == []


@pytest.mark.parametrize("kind", [MessageKind.ATTACHMENT, MessageKind.OTHER])
def test_it_keeps_quiet_about_files_of_others(shared: Practice, kind: MessageKind) -> None:
    assert shared.hears("Foto.jpg", kind=kind) == []
    shared.says("!termin", sender=NURSE)
    assert shared.says("Foto.jpg", kind=kind, sender=NURSE) != ""
    assert shared.hears("Foto.jpg", kind=kind, sender=COLLEAGUE) == []


@pytest.mark.parametrize("text", ["!termin", "Ich brauche einen Termin", "!termin hilfe", "!termin absagen"])
def test_among_others_it_answers_when_addressed(shared: Practice, text: str) -> None:
    assert shared.says(text) != ""


def test_only_the_person_who_asked_may_answer(shared: Practice) -> None:
    shared.says("!termin", sender=NURSE)
    assert shared.hears("2", sender=COLLEAGUE) == []
    assert shared.says("2", sender=NURSE).startswith("Ihr Termin ist gebucht")


def test_among_others_an_unclear_answer_is_asked_about_once(shared: Practice) -> None:
    shared.says("!termin")
    assert shared.says("ich frage mal nach").startswith("Das habe ich nicht verstanden.")
    assert shared.hears("Anna, kannst du Montag?") == []
    assert shared.says("1").startswith("Ihr Termin ist gebucht")
