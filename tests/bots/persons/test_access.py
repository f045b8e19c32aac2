"""Nobody sees, books or cancels before it is known who they are and what they consented to."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.bots.appointment.conftest import Practice, cipher, database_path, engine, open_practice, practice
from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow
from tim_bots.dialogue.who import Lookup
from tim_bots.flow import SendEvent, SendText
from tim_bots.incoming import FLOW_BLOCK
from tim_bots.persons.access import AccessRules
from tim_bots.persons.config import PersonsConfig
from tim_bots.persons.consents import ConsentBook
from tim_bots.persons.desk import PersonDesk
from tim_bots.persons.pins import Patient, PinBook
from tim_bots.persons.skill import ConsentSkill

__all__ = ["cipher", "database_path", "engine", "open_practice", "practice"]

ROOM, ERIKA = "!raum:pflege.tim.test", "@schwester:pflege.tim.test"
TEXT = "Praxis am Markt speichert Ihre Termine, um Sie zu behandeln."
FORBIDDEN = ("sind frei", "ist gebucht", "Ihre Termine in", "Ihr Termin in", "absagen:")


class Guarded:
    """The practice with access rules."""

    def __init__(self, practice: Practice, **settings: Any) -> None:
        self.practice = practice
        consent = {"version": settings.pop("version", "1"), "text": TEXT}
        config = PersonsConfig.model_validate({"consent": consent, "appointment": settings.pop("needs")} | settings)
        self.pins = PinBook(practice.cipher)
        assert config.consent is not None
        self.consents = ConsentBook(practice.cipher, config.consent, "appointment")
        practice.flow = DialogueFlow(
            [
                AppointmentSkill(practice.calendar, "Praxis am Markt", practice.cipher),
                ConsentSkill(self.consents, self.pins),
            ],
            "Praxis am Markt",
            practice.cipher,
            greeting=Say("appointment-greeting"),
            persons=PersonDesk(self.pins, self.consents),
            access=AccessRules(config, self.pins, self.consents),
            clock=lambda: practice.now,
        )

    def pin(self) -> str:
        with self.practice.engine.begin() as connection:
            return self.pins.issue(connection, Patient("Akte 4711"), self.practice.now, timedelta(days=7))

    def consented(self) -> list[dict[str, Any]]:
        who = Lookup(self.practice.cipher).who(ROOM, ERIKA)
        with self.practice.engine.begin() as connection:
            return self.consents.resources(connection, who)


Guard = Callable[..., Guarded]


@pytest.fixture
def guard(practice: Practice) -> Guard:
    def make(*verified: str, **settings: Any) -> Guarded:
        guarded = Guarded(practice, **settings)
        with practice.engine.begin() as connection:
            for user_id in verified:
                who = Lookup(practice.cipher).who("", user_id)
                guarded.pins.confirm(connection, who, Patient("Akte 4711"), practice.now)
        return guarded

    return make


@pytest.mark.parametrize("text", ["Termin", "!termin", "meine Termine", "absagen", "1", "Termin absagen", "!termin 1"])
def test_a_stranger_gets_nothing_but_the_way_to_connect(practice: Practice, guard: Guard, text: str) -> None:
    guard(needs={"identity": ["pin"]})
    practice.says("hilfe")
    answer = practice.says(text)
    assert not any(part in answer for part in FORBIDDEN)
    assert "!verbinden" in practice.says("Termin")


@pytest.mark.parametrize("form", ["!verbinden {}", "!Verbinden {}", "! verbinden: {}", "!verbinden {:.3} {:.0}"])
def test_a_pin_opens_the_way(practice: Practice, guard: Guard, form: str) -> None:
    guarded = guard(needs={"identity": ["pin"]})
    pin = guarded.pin()
    text = f"!verbinden {pin[:3]} {pin[3:]}" if ":.3" in form else form.format(pin)
    assert practice.says(text).startswith("Danke, Ihr Konto ist jetzt mit Praxis am Markt verbunden.")
    assert "sind frei" in practice.says("Termin")
    assert "!verbinden" in practice.says("Termin", sender="@other:pflege.tim.test")


def test_what_is_no_pin_is_no_try(practice: Practice, guard: Guard) -> None:
    guarded = guard(needs={"identity": ["pin"]})
    pin = guarded.pin()
    for text in ("!verbinden", "!verbinden 123", "!verbinden Hallo", "!verbinden 1234567"):
        assert practice.says(text).startswith("Bitte schreiben Sie „!verbinden“")
    assert practice.says(f"!verbinden {pin}").startswith("Danke")


def test_guessing_ends_after_five_tries(practice: Practice, guard: Guard) -> None:
    guarded = guard(needs={"identity": ["pin"]})
    pin = guarded.pin()
    for number in range(1, 6):
        assert practice.says(f"!verbinden {(int(pin) + number) % 10**6:06}").startswith("Diese PIN kenne ich nicht")
    assert practice.says(f"!verbinden {pin}").startswith("Zurzeit nehme ich keine PIN an")


@pytest.mark.parametrize(
    ("verified", "settings", "is_known"),
    [
        ([ERIKA], {"needs": {"identity": ["pin", "verified"]}}, True),
        (["@other:a.test"], {"needs": {"identity": ["pin", "verified"]}}, False),
        ([ERIKA], {"needs": {"identity": ["pin"]}}, False),
        ([], {"needs": {"identity": ["insurer"]}, "insurer_servers": ["pflege.tim.test"]}, True),
        ([], {"needs": {"identity": ["insurer"]}, "insurer_servers": ["tim.test"]}, False),
        ([], {"needs": {"identity": ["insurer"]}}, False),
        ([], {"needs": {}}, True),
    ],
)
def test_the_policy_decides_what_is_enough(
    practice: Practice, guard: Guard, verified: list[str], settings: dict[str, Any], is_known: bool
) -> None:
    guard(*verified, **settings)
    assert ("sind frei" in practice.says("Termin")) is is_known


def test_without_consent_it_asks_first_and_goes_on_after_the_yes(practice: Practice, guard: Guard) -> None:
    guarded = guard(needs={"consent": True})
    question = practice.says("Termin")
    assert TEXT in question
    assert "sind frei" not in question
    assert practice.says("vielleicht").startswith("Das habe ich nicht verstanden.")
    assert practice.says("jaa").startswith("Das habe ich nicht verstanden.")
    texts = [one for one in practice.hears("ja") if isinstance(one, SendText)]
    assert texts[0].text.startswith("Danke, Ihre Einwilligung ist gespeichert.")
    assert "sind frei" in texts[1].text
    assert texts[0].extra[FLOW_BLOCK]["step"] == "record"
    assert "patient" not in texts[0].extra["de.gematik.fhir.resource"]
    (resource,) = guarded.consented()
    assert (resource["resourceType"], resource["status"]) == ("Consent", "active")
    assert resource["patient"] == {"display": ERIKA}
    assert resource["policy"] == [{"uri": "urn:tim-suite:consent#1"}]
    assert resource["sourceReference"]["display"].startswith("Matrix $e")
    assert practice.says("1").startswith("Ihr Termin ist gebucht")


@pytest.mark.parametrize("answer", ["nein", "abbrechen", "stopp"])
def test_a_no_records_nothing(practice: Practice, guard: Guard, answer: str) -> None:
    guarded = guard(needs={"consent": True})
    practice.says("Termin")
    assert practice.says(answer).startswith("In Ordnung, ich habe nichts gespeichert.")
    assert guarded.consented() == []
    assert TEXT in practice.says("Termin")


@pytest.mark.parametrize("moment", ["idle", "in a question", "silent"])
def test_a_consent_is_withdrawn_at_any_time(practice: Practice, guard: Guard, moment: str) -> None:
    guarded = guard(needs={"consent": True})
    practice.says("Termin")
    practice.says("ja")
    if moment == "idle":
        practice.says("abbrechen")
    if moment == "silent":
        practice.flow._handover._contact = "Telefon."
        practice.says("mensch")
    answers = practice.hears("Stopp!")
    assert any(isinstance(one, SendText) and "ist widerrufen" in one.text for one in answers)
    assert any(isinstance(one, SendEvent) for one in answers) is (moment == "in a question")
    assert [resource["status"] for resource in guarded.consented()] == ["active", "inactive"]
    assert len({resource["id"] for resource in guarded.consented()}) == 1
    assert TEXT in practice.says("!termin")
    assert practice.says("1").startswith("Das habe ich nicht verstanden.")


def test_a_new_text_and_the_end_of_a_consent_are_asked_about_again(practice: Practice, guard: Guard) -> None:
    guard(needs={"consent": True})
    practice.says("Termin")
    practice.says("ja")
    guard(needs={"consent": True}, version="2")
    assert TEXT in practice.says("Termin")
    practice.says("ja")
    practice.waits(days=366)
    assert TEXT in practice.says("!termin")


def test_a_booking_under_way_stops_when_the_right_to_it_ends(practice: Practice, guard: Guard) -> None:
    guarded = guard(needs={"identity": ["pin"]})
    practice.says(f"!verbinden {guarded.pin()}")
    assert "sind frei" in practice.says("Termin")
    with practice.engine.begin() as connection:
        guarded.pins.unlink(connection, Lookup(practice.cipher).who(ROOM, ERIKA))
    answers = practice.hears("1")
    assert [one.about is None for one in answers if isinstance(one, SendEvent)] == [False]
    assert "!verbinden" in "".join(one.text for one in answers if isinstance(one, SendText))
    assert "ist gebucht" not in practice.says("1")
