"""The counter room: who may decide what, what reaches the asker, and what does not."""

from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.bots.appointment.conftest import make_calendar
from tests.bots.counter.conftest import ANNA, CONFIG, KLAR, MONDAY_9, OTT, ROOM, STAFF_ROOM, WEBER
from tests.bots.counter.test_attachments import CONTENT
from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.cipher import Cipher
from tim_bots.counter.card import card_label, number_of
from tim_bots.counter.config import CounterConfig
from tim_bots.counter.counter import Counter
from tim_bots.counter.desk import CounterDesk
from tim_bots.counter.meeting import Meetings
from tim_bots.counter.person_wanted import PersonWanted
from tim_bots.counter.schedule import SUMMARY_TIMER, overdue_timer
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow
from tim_bots.flow import CloseRoom, CreateRoom, Incoming, InviteUser, MessageKind, Outgoing, SendEvent, SendText

EVENTS = count()


class Practice:
    """The whole flow of a bot with a counter, on a real database."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self.engine = engine
        counter = Counter(CounterConfig.model_validate(CONFIG), cipher, STAFF_ROOM)
        person = PersonWanted(counter, cipher, "Praxis am Markt")
        counter.register(person)
        behind = DialogueFlow(
            [AppointmentSkill(make_calendar(), "Praxis am Markt", cipher)],
            "Praxis am Markt",
            cipher,
            greeting=Say("appointment-greeting"),
            staff_room=STAFF_ROOM,
            counter=person,
            clock=lambda: MONDAY_9,
        )
        meetings = Meetings(counter, cipher, "Praxis am Markt")
        self.flow = CounterDesk(counter, behind, "Praxis am Markt", meetings, clock=lambda: MONDAY_9)

    def hears(self, text: str, sender: str, room_id: str, kind: MessageKind, **more: Any) -> list[Outgoing]:
        message = Incoming(room_id, f"$e{next(EVENTS)}", sender, kind, text, MONDAY_9, **more)
        with self.engine.begin() as connection:
            return list(self.flow.handle(connection, message))

    def staff(self, text: str, sender: str = KLAR, about: int | None = None, **more: Any) -> list[Outgoing]:
        label = None if about is None else card_label(about)
        kind = more.pop("kind", MessageKind.TEXT)
        return self.hears(text, sender, STAFF_ROOM, kind, about=label, **more)

    def anna(self, text: str, kind: MessageKind = MessageKind.TEXT, **more: Any) -> list[Outgoing]:
        return self.hears(text, ANNA, ROOM, kind, **more)


def texts(answers: list[Outgoing], room_id: str | None = None) -> list[str]:
    return [one.text for one in answers if isinstance(one, SendText) and one.room_id == room_id]


@pytest.fixture
def practice(engine: Engine, cipher: Cipher) -> Practice:
    return Practice(engine, cipher)


@pytest.fixture
def waiting(practice: Practice) -> Practice:
    """Anna waits for a person: request 1."""
    (card,) = texts(practice.anna("mensch"), STAFF_ROOM)
    assert card.startswith("Anfrage 1 · Möchte mit einer Person sprechen\nVon: @anna:pflege.tim.test")
    return practice


def test_a_request_for_a_person_is_one_case_however_often_it_is_made(waiting: Practice) -> None:
    waiting.anna("bot")
    answers = waiting.anna("mensch")
    assert texts(answers, STAFF_ROOM) == ["Anfrage 1: fragt noch einmal nach einer Person."]


def test_the_conversation_is_relayed_both_ways(waiting: Practice) -> None:
    (told,) = [one for one in waiting.anna("Das Bein ist rot.") if isinstance(one, SendText)]
    assert (told.text, told.room_id, number_of(told.label)) == (
        "Antwort zu Anfrage 1: Das Bein ist rot.",
        STAFF_ROOM,
        1,
    )
    asked = waiting.staff("!frage Seit wann?", about=1)
    assert texts(asked, ROOM) == [
        "Frau Klar (Praxis am Markt) schreibt:\nSeit wann?\nIhre Antwort in diesem Raum gebe ich weiter."
    ]
    answers = waiting.anna("Seit gestern")
    assert texts(answers, STAFF_ROOM)[0] == "Antwort zu Anfrage 1: Seit gestern"
    assert texts(answers, STAFF_ROOM)[1].endswith("Stand: in Arbeit bei Frau Klar")
    done = waiting.staff("!ok 1 Bitte kommen Sie heute")
    assert texts(done, ROOM)[0] == "Frau Klar (Praxis am Markt) schreibt:\nBitte kommen Sie heute"
    assert "abgeschlossen" in texts(done, ROOM)[1]
    assert texts(waiting.anna("hilfe")) != []  # the bot speaks again
    assert texts(waiting.anna("Danke"), STAFF_ROOM) == []


def test_a_question_reaches_somebody_who_called_the_bot_back(waiting: Practice) -> None:
    waiting.anna("bot")
    waiting.staff("!frage 1 Noch da?")
    assert texts(waiting.anna("Ja"), STAFF_ROOM)[0] == "Antwort zu Anfrage 1: Ja"


@pytest.mark.parametrize("text", ["Die schon wieder", "ok, wer macht das?", "nein, das war Herr Ott", "frage sie mal"])
@pytest.mark.parametrize("about", [1, None])
def test_what_colleagues_say_to_each_other_reaches_nobody(waiting: Practice, text: str, about: int | None) -> None:
    answers = waiting.staff(text, about=about)
    assert all(isinstance(one, SendText) and one.room_id is None for one in answers)
    assert bool(answers) is (about is not None)
    assert "offen" in texts(waiting.staff("!offen"))[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("!quatsch", "„!hilfe“ zeigt"),
        ("!nein 1", "Bitte nennen Sie den Grund"),
        ("!frage 1", "schreiben Sie die Frage dazu"),
        ("!ok", "Welche Anfrage meinen Sie?"),
        ("!ok 99", "Anfrage 99 gibt es nicht."),
        ("ok 1", "beginnen Sie mit „!“"),
        ("!frei 1", "hat niemand übernommen"),
        ("!hilfe", "„!ok 17“ oder"),
        ("!meine", "Sie haben nichts übernommen."),
    ],
)
def test_nonsense_gets_a_text_that_helps(waiting: Practice, text: str, hint: str) -> None:
    answers = waiting.staff(text)
    assert hint in texts(answers)[0]
    assert len(answers) == 1


def test_who_is_in_the_room_but_not_of_the_counter_decides_nothing(waiting: Practice) -> None:
    for text in ("!ok 1", "!offen", "!hilfe", "ok"):
        answers = waiting.staff(text, "@putz:praxis.tim.test", about=1)
        assert texts(answers) == [
            "Sie sind am Tresen nicht eingetragen, deshalb habe ich nichts geändert. Ihre IT kann Sie eintragen."
        ]
    assert waiting.staff("Guten Morgen", "@putz:praxis.tim.test") == []


def test_orders_in_another_room_are_no_orders(waiting: Practice) -> None:
    waiting.hears("!ok 1", KLAR, "!anderswo:a.test", MessageKind.TEXT, about=card_label(1))
    assert "Anfrage" not in texts(waiting.staff("!zeig 1"))[0].partition("Stand: offen")[2]


def test_a_claimed_request_is_its_members(waiting: Practice) -> None:
    assert "Frau Klar hat übernommen" in texts(waiting.staff("nehme", about=1))[0]
    assert texts(waiting.staff("!ok 1", OTT)) == ["Anfrage 1 hat Frau Klar übernommen. Ich habe nichts geändert."]
    assert "1 ·" in texts(waiting.staff("!meine"))[0]
    waiting.staff("!arzt 1")
    assert "entscheidet eine Ärztin" in texts(waiting.staff("!ok 1"))[0]
    assert texts(waiting.staff("!ok 1", WEBER), ROOM) != []


def test_a_file_goes_on_with_an_order_and_not_without(waiting: Practice) -> None:
    kind = MessageKind.ATTACHMENT
    with_order = CONTENT | {"filename": "Befund.pdf", "body": "!frage 1 Der Befund"}
    sent = [one for one in waiting.staff("", kind=kind, content=with_order) if isinstance(one, SendEvent)]
    assert [(one.room_id, one.content["body"]) for one in sent] == [(ROOM, "Befund.pdf")]
    assert waiting.staff("Foto.jpg", kind=kind, content=CONTENT) == []
    from_anna = [one for one in waiting.anna("Befund.pdf", kind, content=CONTENT) if isinstance(one, SendEvent)]
    assert [one.room_id for one in from_anna] == [STAFF_ROOM]
    assert "kann ich nicht weitergeben" in texts(waiting.anna("", MessageKind.OTHER))[0]
    assert "zu lang" in texts(waiting.anna("x" * 9000))[0]


def files(answers: list[Outgoing]) -> list[tuple[str | None, str]]:
    return [(one.room_id, one.content["body"]) for one in answers if isinstance(one, SendEvent)]


def test_a_file_on_the_card_waits_for_the_next_answer_of_its_member(waiting: Practice) -> None:
    kept = waiting.staff("Befund.pdf", about=1, kind=MessageKind.ATTACHMENT, content=CONTENT)
    assert "gesendet ist sie noch nicht" in texts(kept)[0]
    assert files(kept) == []
    assert "Frau Klar übernommen" in texts(waiting.staff("x", OTT, 1, kind=MessageKind.ATTACHMENT, content=CONTENT))[0]
    assert files(waiting.staff("!ok 1", OTT)) == []
    assert files(waiting.anna("noch etwas")) == []
    assert files(waiting.staff("!frage 1 Der Befund")) == [(ROOM, "Befund.pdf")]
    assert files(waiting.staff("!ok 1")) == []  # it went once


def test_a_file_is_forgotten_when_the_request_is_given_back(waiting: Practice) -> None:
    waiting.staff("Befund.pdf", about=1, kind=MessageKind.ATTACHMENT, content=CONTENT)
    waiting.staff("!frei 1")
    assert files(waiting.staff("!ok 1")) == []
    assert "schon abgeschlossen" in texts(waiting.staff("x", about=1, kind=MessageKind.ATTACHMENT, content=CONTENT))[0]


def test_a_member_who_joins_the_room_is_not_relayed_any_more(waiting: Practice) -> None:
    answers = waiting.staff("!dazu 1")
    assert InviteUser(KLAR, ROOM) in answers
    assert waiting.anna("Hallo?") == []
    assert waiting.hears("Guten Tag", KLAR, ROOM, MessageKind.TEXT) == []
    assert texts(waiting.staff("!ok 1"), ROOM) != []


def created(practice: Practice, room_id: str) -> list[Outgoing]:
    return practice.staff(room_id, kind=MessageKind.ROOM_CREATED, content={"key": "counter meeting 1"})


def test_a_doctor_opens_a_room_that_closes_with_the_request(waiting: Practice) -> None:
    assert "nur Ärztinnen" in texts(waiting.staff("!raum 1"))[0]
    assert CreateRoom("Gespräch zu Anfrage 1", "counter meeting 1") in waiting.staff("!raum 1", WEBER)
    answers = created(waiting, "!neu:praxis.tim.test")
    assert [one for one in answers if isinstance(one, InviteUser)] == [
        InviteUser(WEBER, "!neu:praxis.tim.test"),
        InviteUser(ANNA, "!neu:praxis.tim.test"),
    ]
    assert "schon einen Raum" in texts(waiting.staff("!raum 1", WEBER))[0]
    assert created(waiting, "!zwei:praxis.tim.test") == [CloseRoom("!zwei:praxis.tim.test")]
    assert waiting.hears("hilfe", ANNA, "!neu:praxis.tim.test", MessageKind.TEXT) == []
    assert texts(waiting.anna("noch hier"), STAFF_ROOM) != []  # what is said in the first room is relayed still
    assert CloseRoom("!neu:praxis.tim.test") in waiting.staff("!ok 1", WEBER)


def test_a_room_that_comes_too_late_or_not_at_all(waiting: Practice) -> None:
    waiting.staff("!raum 1", WEBER)
    assert "keinen Raum anlegen" in texts(created(waiting, ""))[0]
    waiting.staff("!raum 1", WEBER)
    waiting.staff("!ok 1", WEBER)
    assert created(waiting, "!neu:praxis.tim.test") == [CloseRoom("!neu:praxis.tim.test")]


def test_timers_bring_the_summary_and_what_is_overdue(waiting: Practice) -> None:
    bot, kind = "@bot:praxis.tim.test", MessageKind.TIMER
    assert "Eine Anfrage ist offen." in texts(waiting.staff(SUMMARY_TIMER, bot, kind=kind), STAFF_ROOM)[0]
    overdue = waiting.staff(overdue_timer(1), bot, kind=kind, content={"number": 1})
    assert "wartet zu lange" in texts(overdue, STAFF_ROOM)[1]


def test_the_bot_says_what_the_room_is_for(practice: Practice) -> None:
    (greeting,) = texts(practice.staff("", kind=MessageKind.ROOM_JOINED))
    assert greeting.startswith("Guten Tag, das ist der Tresen von Praxis am Markt.")
