"""The counter of a function account: concerns, who is invited, refusals, absences, and stepping back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.bots.appointment.conftest import cipher, database_path, engine, make_calendar
from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.cipher import Cipher
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow, Opening
from tim_bots.dialogue.wanted import wanted_label, wanted_room
from tim_bots.dialogue.who import Lookup
from tim_bots.directory.role_book import RoleBook
from tim_bots.flow import CancelTimer, Incoming, InviteUser, LookUpRoles, MessageKind, Outgoing, SendText, SetTimer
from tim_bots.messages import say
from tim_bots.triage.config import StaffConfig
from tim_bots.triage.desk import TIMER, Desk
from tim_bots.triage.dialogue import first_question
from tim_bots.triage.routing import candidates
from tim_bots.triage.skill import TriageSkill

__all__ = ["cipher", "database_path", "engine"]

ROOM, STAFF_ROOM, ANNA = "!raum:pflege.tim.test", "!team:praxis.tim.test", "@anna:pflege.tim.test"
WEBER, EMPFANG, LABOR = (f"@{name}:praxis.tim.test" for name in ("weber", "empfang", "labor"))
MONDAY_9 = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CARE = "1.2.276.0.76.4.245"
NUMBERS = count()
STAFF: dict[str, Any] = {
    "hours": {"mo": ["08:00-12:00"], "di": ["08:00-12:00", "14:00-17:00"]},
    "patience": "10m",
    "persons": {
        "weber": {"user_id": WEBER, "name": "Dr. Weber", "deputy": "labor"},
        "empfang": {"user_id": EMPFANG, "name": "Frau Klar (Empfang)"},
        "labor": {"user_id": LABOR, "name": "Herr Blut (Labor)", "hours": {"di": ["08:00-12:00"]}},
    },
    "concerns": {
        "rezept": {"label": "Rezept", "words": ["Folgerezept"], "persons": ["weber", "empfang"]},
        "termin": {"label": "Termin", "dialogue": "appointment"},
        "wunde": {"label": "Wundverlauf", "persons": ["weber"], "roles": [CARE]},
    },
}


class Counter:
    """The real flow on a real database, with a clock that the test moves."""

    def __init__(self, engine: Engine, cipher: Cipher, staff: dict[str, Any], *, has_directory: bool) -> None:
        self.engine = engine
        self.now = MONDAY_9

        def fill_in(what: Say) -> str:
            return say(what.message_id, "de", **{"practice": "Praxis am Markt"} | dict(what.args))

        desk = Desk(
            StaffConfig.model_validate(staff), cipher, fill_in, staff_room=STAFF_ROOM, contact="Telefon 030 1234."
        )
        roles = RoleBook() if has_directory else None
        triage = TriageSkill(desk, roles)
        self.flow = DialogueFlow(
            [AppointmentSkill(make_calendar(), "Praxis am Markt", cipher), triage],
            "Praxis am Markt",
            cipher,
            greeting=Say("triage-greeting"),
            staff_room=STAFF_ROOM,
            desk=desk,
            opening=Opening(triage, first_question),
            roles=roles,
            clock=lambda: self.now,
        )

    def hears(self, text: str = "", sender: str = ANNA, kind: MessageKind = MessageKind.TEXT, **more: Any) -> Any:
        room_id = more.pop("room_id", ROOM)
        message = Incoming(room_id, f"${next(NUMBERS)}", sender, kind, text, self.now, **more)
        with self.engine.begin() as connection:
            return list(self.flow.handle(connection, message))

    def says(self, text: str = "", **how: Any) -> str:
        return texts(self.hears(text, **how))

    def joins(self) -> str:
        return self.says(kind=MessageKind.ROOM_JOINED)

    def invited(self, user_id: str, errcode: str = "") -> list[Outgoing]:
        return list(self.hears(errcode, sender=user_id, kind=MessageKind.INVITE_RESULT))

    def overdue(self) -> list[Outgoing]:
        self.now += timedelta(minutes=10)
        return list(self.hears(TIMER, sender="@bot:praxis.tim.test", kind=MessageKind.TIMER))


NewCounter = Callable[..., Counter]


@pytest.fixture
def new_counter(engine: Engine, cipher: Cipher) -> NewCounter:
    def make(*, has_directory: bool = False, **persons: dict[str, Any]) -> Counter:
        changed = {key: person | persons.get(key, {}) for key, person in STAFF["persons"].items()}
        return Counter(engine, cipher, STAFF | {"persons": changed}, has_directory=has_directory)

    return make


def texts(answers: list[Outgoing]) -> str:
    return "\n".join(one.text for one in answers if isinstance(one, SendText) and one.room_id is None)


def invites(answers: list[Outgoing]) -> list[str]:
    return [one.user_id for one in answers if isinstance(one, InviteUser)]


def test_it_greets_and_asks_for_the_concern(new_counter: NewCounter) -> None:
    assert new_counter().joins() == (
        "Guten Tag, hier ist der Chatbot von Praxis am Markt. Ich hole die richtige Person für Sie dazu.\n\n"
        "Worum geht es?\n1) Rezept\n2) Termin\nAntworten Sie mit der Nummer oder mit einem Wort."
    )


@pytest.mark.parametrize("answer", ["1", "Rezept", "rezpet", "ich möchte ein Folgerezept", "!anliegen Rezept"])
def test_the_responsible_person_is_invited_and_the_bot_steps_back(new_counter: NewCounter, answer: str) -> None:
    counter = new_counter()
    counter.joins()
    answers = counter.hears(answer)
    assert texts(answers).startswith("Ich habe Dr. Weber in diesen Raum eingeladen.")
    assert invites(answers) == [WEBER]
    assert [one for one in answers if isinstance(one, SetTimer)] == [SetTimer(TIMER, MONDAY_9 + timedelta(minutes=10))]
    (card,) = counter.invited(WEBER)
    assert isinstance(card, SendText)
    assert (card.text, card.edits, card.is_notice) == ("Dr. Weber ist eingeladen und sieht diesen Raum.", True, True)
    for text in ("Es geht um Ramipril", "1", "hilfe", "Termin"):
        assert counter.hears(text) == []
    card, cancel = counter.hears("Guten Tag, ich kümmere mich.", sender=WEBER)
    assert (card.text, cancel) == ("Dr. Weber hat übernommen.", CancelTimer(TIMER))
    assert counter.hears("Danke!") == []
    assert counter.hears("Bis dann", sender=WEBER) == []
    assert counter.says("bot").startswith("Ich bin wieder für Sie da.")


def test_a_person_that_lets_nobody_in_is_followed_by_the_next(new_counter: NewCounter) -> None:
    counter = new_counter()
    counter.joins()
    counter.says("1")
    answers = counter.invited(WEBER, "M_FORBIDDEN")
    assert texts(answers).startswith("Dr. Weber ist für mich nicht erreichbar.\n\nIch habe Frau Klar (Empfang) in")
    assert invites(answers) == [EMPFANG]
    answers = counter.invited(EMPFANG, "M_FORBIDDEN")
    assert invites(answers) == []
    assert "habe Ihr Anliegen aber an das Team weitergegeben" in texts(answers)
    assert "Telefon 030 1234." in texts(answers)
    (staff,) = [one for one in answers if isinstance(one, SendText) and one.room_id == STAFF_ROOM]
    assert "„Rezept“" in staff.text
    assert ANNA not in staff.text
    assert wanted_room(staff.label) == ROOM
    assert counter.says("hilfe") != ""  # it is not silent when nobody is coming


def test_whoever_replies_in_the_staff_room_is_invited(new_counter: NewCounter) -> None:
    counter = new_counter()
    label = wanted_label(ROOM)
    answers = counter.hears("Ich!", sender=LABOR, room_id=STAFF_ROOM, about=label)
    assert answers[0] == InviteUser(LABOR, ROOM)
    for room_id, about in ((ROOM, label), (STAFF_ROOM, "poll 1"), (STAFF_ROOM, None)):
        assert invites(counter.hears("Ich!", sender="@mallory:a.test", room_id=room_id, about=about)) == []


def test_nobody_who_came_leads_to_the_next_after_a_while(new_counter: NewCounter) -> None:
    counter = new_counter()
    counter.joins()
    counter.says("1")
    counter.invited(WEBER)
    answers = counter.overdue()
    assert texts(answers).startswith("Dr. Weber hat sich noch nicht gemeldet.")
    assert invites(answers) == [EMPFANG]
    counter.invited(EMPFANG)
    answers = counter.overdue()
    assert invites(answers) == []
    assert CancelTimer(TIMER) in answers
    assert counter.overdue() == []


def test_a_late_or_foreign_result_changes_nothing(new_counter: NewCounter) -> None:
    counter = new_counter()
    counter.joins()
    assert counter.invited(WEBER) == []
    counter.says("1")
    for user_id in (LABOR, ANNA, EMPFANG):
        assert counter.invited(user_id, "M_FORBIDDEN") == []


def test_a_deputy_stands_in_and_people_are_told_until_when(new_counter: NewCounter) -> None:
    absence = {"first": "2026-11-20", "last": "2026-11-27"}
    counter = new_counter(weber={"absences": [absence]}, labor={"hours": None})
    counter.joins()
    answers = counter.hears("1")
    assert texts(answers).startswith("Dr. Weber ist bis 27. November 2026 nicht da. Herr Blut (Labor) vertritt.")
    assert invites(answers) == [LABOR]


def test_whoever_is_there_comes_before_who_will_be(new_counter: NewCounter) -> None:
    counter = new_counter(weber={"hours": {"di": ["08:00-12:00"]}})
    counter.joins()
    assert invites(counter.hears("1")) == [EMPFANG]
    assert invites(counter.invited(EMPFANG, "M_FORBIDDEN")) == [WEBER]


def test_outside_of_the_hours_it_says_so_and_loses_nothing(new_counter: NewCounter) -> None:
    counter = new_counter()
    counter.now += timedelta(hours=12)
    counter.joins()
    answers = counter.hears("1")
    assert texts(answers).startswith(
        "Zurzeit ist niemand im Dienst. Unsere Zeiten: Mo 08:00–12:00; Di 08:00–12:00, 14:00–17:00. Dr. Weber sieht"
    )
    assert invites(answers) == [WEBER]


def test_deputies_who_stand_in_for_each_other_end() -> None:
    absences = [{"first": "2026-11-20", "last": "2026-11-27"}]
    staff = StaffConfig.model_validate(
        STAFF
        | {
            "persons": STAFF["persons"]
            | {
                "weber": STAFF["persons"]["weber"] | {"absences": absences},
                "labor": STAFF["persons"]["labor"] | {"absences": absences, "deputy": "weber"},
            }
        }
    )
    assert [one.key for one in candidates(staff, "rezept", MONDAY_9)] == ["empfang"]


def test_a_concern_that_the_bot_deals_with_itself_begins_at_once(new_counter: NewCounter) -> None:
    counter = new_counter()
    counter.joins()
    assert counter.says("2").startswith("Diese Termine sind frei")
    assert counter.says("1").startswith("Ihr Termin ist gebucht")
    assert counter.says("Termin absagen").startswith("Möchten Sie diesen Termin absagen")


def test_the_role_of_the_directory_decides_what_is_offered(new_counter: NewCounter) -> None:
    counter = new_counter(has_directory=True)
    assert counter.hears(kind=MessageKind.ROOM_JOINED) == [LookUpRoles(ANNA)]
    greeting = counter.says(f"{CARE} 1.2.3", kind=MessageKind.ROLES)
    assert greeting.startswith("Guten Tag, hier ist der Chatbot")
    assert "3) Wundverlauf" in greeting
    assert counter.hears(f"{CARE}", kind=MessageKind.ROLES) == []
    assert invites(counter.hears("3")) == [WEBER]


@pytest.mark.parametrize("roles", ["", "1.2.276.0.76.4.54", f"{CARE}1", CARE.replace(".", " ")])
def test_without_the_role_it_is_not_offered(new_counter: NewCounter, roles: str) -> None:
    counter = new_counter(has_directory=True)
    counter.hears(kind=MessageKind.ROOM_JOINED)
    assert "Wundverlauf" not in counter.says(roles, kind=MessageKind.ROLES)
    assert invites(counter.hears("Wundverlauf")) == []


def test_a_role_is_known_for_a_day(new_counter: NewCounter) -> None:
    counter = new_counter(has_directory=True)
    counter.hears(kind=MessageKind.ROOM_JOINED)
    counter.hears(CARE, kind=MessageKind.ROLES)
    counter.now += timedelta(hours=24)
    answers = counter.hears("Wundverlauf")
    assert invites(answers) == []
    assert LookUpRoles(ANNA) in answers


def test_a_number_means_what_was_shown(new_counter: NewCounter, engine: Engine, cipher: Cipher) -> None:
    """A role that is learned between question and answer changes what is offered, not what was asked."""
    counter = new_counter(has_directory=True)
    counter.hears("", kind=MessageKind.ROOM_JOINED)
    assert "2) Termin" in counter.says("", kind=MessageKind.ROLES)
    with engine.begin() as connection:
        RoleBook().remember(connection, Lookup(cipher).who(ROOM, ANNA), CARE, counter.now)
    moved = {"rezept": STAFF["concerns"]["rezept"], "wunde": STAFF["concerns"]["wunde"]}
    later = Counter(engine, cipher, STAFF | {"concerns": moved | STAFF["concerns"]}, has_directory=True)
    assert later.says("2").startswith("Diese Termine sind frei")


def test_without_a_directory_nobody_has_a_role(new_counter: NewCounter) -> None:
    counter = new_counter()
    assert "Wundverlauf" not in counter.joins()
    assert invites(counter.hears("Wundverlauf")) == []


@pytest.mark.parametrize("answer", ["7", "weiß nicht", "Rezept oder Termin", ""])
def test_what_is_not_understood_is_asked_again_and_nobody_is_called(new_counter: NewCounter, answer: str) -> None:
    counter = new_counter()
    counter.joins()
    answers = counter.hears(answer)
    assert invites(answers) == []
    assert texts(answers) != ""
    assert invites(counter.hears("1")) == [WEBER]


def test_whoever_wants_a_person_gets_one_of_those_who_are_there(new_counter: NewCounter) -> None:
    counter = new_counter()
    counter.joins()
    assert invites(counter.hears("mensch")) == [WEBER]
    assert counter.says("abbrechen", room_id="!x:a.test") != ""


def test_the_stored_routing_names_nobody(new_counter: NewCounter, database_path: Path, engine: Engine) -> None:
    counter = new_counter()
    counter.joins()
    counter.says("1")
    engine.dispose()
    stored = b"".join(file.read_bytes() for file in database_path.parent.glob("bot.sqlite*"))
    for secret in (b"anna", b"weber", b"rezept", b"!raum"):
        assert secret not in stored
