"""Kinds of appointments, days on which the hours do not hold, public holidays: who is offered what, and when."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, func, select

from tim_bots.appointment.calendar import free_slots
from tim_bots.appointment.public_holidays import State, public_holidays
from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.appointment.tables import booking_unit
from tim_bots.cipher import Cipher
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow
from tim_bots.dialogue.who import Lookup
from tim_bots.directory.role_book import RoleBook
from tim_bots.persons.pins import Patient, PinBook

from .conftest import MONDAY_MORNING, Practice, make_calendar, only, weekdays

NURSE, ROOM = "@schwester:pflege.tim.test", "!raum:pflege.tim.test"
KINDS = {
    "blood": {"name": "Blutabnahme", "minutes": 10, "preparation": "Kommen Sie nüchtern."},
    "talk": {"name": "Langes Gespräch", "minutes": 60, "buffer_after": 15, "per_day": 1},
}
OpenPractice = Callable[..., Practice]


@pytest.fixture
def practice(open_practice: OpenPractice) -> Practice:
    return open_practice(types=KINDS)


QUESTION = "Worum geht es?\n1) Blutabnahme\n2) Langes Gespräch\nAntworten Sie mit der Nummer. Beenden: „abbrechen“."


def test_it_asks_for_the_kind_and_offers_its_length(practice: Practice) -> None:
    assert practice.says("Ich brauche einen Termin") == QUESTION
    assert practice.says("2").startswith("Diese Termine sind frei (Langes Gespräch, 60 Minuten):")


@pytest.mark.parametrize("answer", ["1", "Blutabnahme", "blutabname", "eins", "die Blutabnahme bitte"])
def test_the_kind_is_chosen_by_number_or_word(practice: Practice, answer: str) -> None:
    practice.says("Termin")
    assert practice.says(answer).startswith("Diese Termine sind frei (Blutabnahme, 10 Minuten):")


def test_a_kind_that_was_named_is_not_asked_for(practice: Practice) -> None:
    said = practice.says("Ich möchte einen Termin zur Blutabnahme")
    assert said.startswith("Diese Termine sind frei (Blutabnahme, 10 Minuten):")


def test_the_wish_for_a_day_outlives_the_question(practice: Practice) -> None:
    practice.says("Termin am Donnerstag")
    assert practice.says("2").splitlines()[1].startswith("1) Donnerstag")


@pytest.mark.parametrize("answer", ["3", "0", "Zahnreinigung", "1 oder 2", "", "ä" * 2000])
def test_what_is_no_kind_is_explained_and_the_question_stands(practice: Practice, answer: str) -> None:
    practice.says("Termin")
    practice.says(answer)
    assert practice.says("1").startswith("Diese Termine sind frei (Blutabnahme")


def test_what_to_bring_is_said_with_the_confirmation(practice: Practice) -> None:
    practice.says("Termin zur Blutabnahme")
    said = practice.says("1")
    assert "\nBlutabnahme, Praxis Dr. Beispiel" in said
    assert said.endswith("Bitte beachten Sie: Kommen Sie nüchtern.")


def test_buffers_are_kept_free(practice: Practice, engine: Engine) -> None:
    practice.says("Termin: langes Gespräch")
    practice.says("1")
    with engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(booking_unit)) == (60 + 15) // 5


def test_a_day_has_no_more_of_a_kind_than_its_cap(practice: Practice) -> None:
    practice.says("Termin: langes Gespräch")
    assert "Montag, 23. November" in practice.says("1")
    offered = practice.says("Termin: langes Gespräch", sender="@andere:pflege.tim.test")
    assert "23.11.2026" not in offered
    assert "24.11.2026" in offered


def test_a_kind_for_colleagues_is_offered_to_no_one_else(engine: Engine, cipher: Cipher) -> None:
    calendar = make_calendar(
        types={
            "blood": {"name": "Blutabnahme", "minutes": 10},
            "consult": {"name": "Konsil", "minutes": 30, "bookable_by": "colleagues"},
        }
    )
    practice = Practice(engine, calendar, cipher)
    skill = AppointmentSkill(calendar, "Praxis", cipher, roles=RoleBook())
    practice.flow = DialogueFlow(
        [skill], "Praxis", cipher, greeting=Say("appointment-greeting"), clock=lambda: practice.now
    )
    assert "Blutabnahme" in practice.says("Termin")
    with engine.begin() as connection:
        who = Lookup(cipher).who(ROOM, NURSE)
        RoleBook().remember(connection, who, "1.2.276.0.76.4.50", practice.now)
    assert practice.says("Termin").startswith("Worum geht es?\n1) Blutabnahme\n2) Konsil")


def test_a_kind_for_known_patients_waits_for_the_connection(engine: Engine, cipher: Cipher) -> None:
    kinds = {"control": {"name": "Kontrolle", "minutes": 15, "bookable_by": "known"}}
    calendar, pins = make_calendar(types=kinds), PinBook(cipher)
    practice = Practice(engine, calendar, cipher)
    skill = AppointmentSkill(calendar, "Praxis", cipher, pins=pins)
    practice.flow = DialogueFlow(
        [skill], "Praxis", cipher, greeting=Say("appointment-greeting"), clock=lambda: practice.now
    )
    assert practice.says("Termin").startswith("Diese Art von Termin können Sie hier nicht selbst buchen.")
    with engine.begin() as connection:
        pins.confirm(connection, Lookup(cipher).who(ROOM, NURSE), Patient(reference="4711"), practice.now)
    assert practice.says("Termin").startswith("Diese Termine sind frei (Kontrolle, 15 Minuten)")


def _days(**changes: object) -> set[date]:
    calendar = make_calendar(**changes)
    return {start.date() for start in free_slots(calendar, only(calendar), (), MONDAY_MORNING)}


def test_an_absence_closes_its_days_and_only_those() -> None:
    away = {"first": date(2026, 11, 24), "last": date(2026, 11, 26), "reason": "Fortbildung"}
    days = _days(special_days=[away], horizon="5d")
    assert days == {date(2026, 11, 23), date(2026, 11, 27)}


def test_a_special_day_can_be_open_when_the_week_is_not() -> None:
    saturday = {"first": date(2026, 11, 28), "hours": ["09:00-10:00"]}
    assert date(2026, 11, 28) in _days(special_days=[saturday])


CHRISTMAS = datetime(2026, 12, 23, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("holidays", "open_days"),
    [
        (None, {23, 24, 25, 28}),
        ({"state": "BE"}, {23, 28}),
        ({"state": "BE", "also_closed": []}, {23, 24, 28}),
        ({"state": "BE", "open_on": [date(2026, 12, 25)]}, {23, 25, 28}),
    ],
)
def test_holidays_close_unless_the_practice_says_otherwise(holidays: object, open_days: set[int]) -> None:
    calendar = make_calendar(holidays=holidays, horizon="5d")
    assert {start.day for start in free_slots(calendar, only(calendar), (), CHRISTMAS)} == open_days


@pytest.mark.parametrize(
    ("state", "day"),
    [
        (State.BE, date(2027, 3, 8)),
        (State.TH, date(2027, 9, 20)),
        (State.SN, date(2026, 11, 18)),
        (State.AUGSBURG, date(2026, 8, 8)),
    ],
)
def test_each_state_has_its_own_holidays(state: State, day: date) -> None:
    having = {other for other in State if day in public_holidays(other, day.year)}
    assert state in having
    assert having < set(State)


def test_every_state_has_nine_holidays_at_least() -> None:
    for state in State:
        assert len(public_holidays(state, 2027)) >= 9


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"types": {"a": {"name": "X", "minutes": 300}}}, "less than or equal to 240"),
        ({"types": {"a": {"name": "X", "minutes": 7}}}, "multiple of 5"),
        ({"types": {"A b": {"name": "X", "minutes": 10}}}, "match pattern"),
        ({"types": {"a": {"name": "X", "minutes": 10}, "b": {"name": "x", "minutes": 20}}}, "the same name"),
        ({"types": {"a": {"name": "X", "minutes": 10, "lead_time": "40d"}}}, "types.a.horizon"),
        ({"opening_hours": weekdays("08:00-09:00"), "types": {"a": {"name": "X", "minutes": 90}}}, "types.a.minutes"),
        ({"special_days": [{"first": date(2026, 12, 2), "last": date(2026, 12, 1)}]}, "lies before first"),
        ({"holidays": {"state": "Bayern"}}, "'BY'"),
        ({"holidays": {"state": "BY", "also_closed": ["24.12."]}}, "match pattern"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(changes: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        make_calendar(**changes)


def test_what_closed_between_offer_and_answer_is_not_booked(engine: Engine, cipher: Cipher) -> None:
    before = Practice(engine, make_calendar(), cipher)
    before.says("Termin")
    away = {"first": date(2026, 11, 23), "last": date(2026, 11, 25)}
    after = Practice(engine, make_calendar(special_days=[away]), cipher, now=before.now + timedelta(minutes=1))
    said = after.says("1")
    assert said.startswith("Dieser Termin ist leider gerade vergeben worden.")
    assert "26.11.2026" in said
