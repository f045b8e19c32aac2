"""`!rezept` from the first word to the practice's decision, on a real database: who may ask, what reaches whom."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.bots.counter.conftest import ANNA, CONFIG, MONDAY_9, ROOM, STAFF_ROOM
from tests.bots.counter.test_attachments import CONTENT
from tests.bots.counter.test_desk import Practice as CounterPractice
from tests.bots.counter.test_desk import texts
from tim_bots.cipher import Cipher
from tim_bots.counter.config import CounterConfig
from tim_bots.counter.counter import Counter
from tim_bots.counter.desk import CounterDesk
from tim_bots.counter.meeting import Meetings
from tim_bots.counter.person_wanted import PersonWanted
from tim_bots.database import open_engine
from tim_bots.dialogue.commands import read_spoken
from tim_bots.dialogue.conversation import Conversation
from tim_bots.dialogue.dialogue import Said, Say
from tim_bots.dialogue.engine import Engine as DialogueEngine
from tim_bots.dialogue.flow import DialogueFlow
from tim_bots.directory.role_book import RoleBook
from tim_bots.flow import MessageKind, Outgoing
from tim_bots.prescription.config import PrescriptionConfig
from tim_bots.prescription.dialogue import PRESCRIPTION_DIALOGUE, Send, Standing
from tim_bots.prescription.draft import has_wrong_pzn, read_patient
from tim_bots.prescription.requests import PrescriptionRequests
from tim_bots.prescription.skill import PrescriptionSkill
from tim_policy.directory.profession import CARE, PHARMACY

CODE = "0123456789abcdef" * 4
TOKEN = f"Task/169.000.000.004.711.94/$accept?ac={CODE}"
TYPED = (
    "Erika Muster, 01.02.1940",
    "Beispielpril 5 mg, PZN 01234562",
    "1 Packung",
    "1-0-0-0",
    "bis 09.03., Vorrat 7 Tage",
)


class Practice(CounterPractice):
    """The whole flow of a bot with a counter and prescription requests."""

    def __init__(self, engine: Engine, cipher: Cipher, **config: Any) -> None:
        self.engine, self.now = engine, MONDAY_9
        counter = Counter(CounterConfig.model_validate(CONFIG), cipher, STAFF_ROOM)
        person = PersonWanted(counter, cipher, "Praxis am Markt")
        counter.register(person)
        requests = PrescriptionRequests(PrescriptionConfig(**config), counter, "Praxis am Markt")
        counter.register(requests)
        roles = RoleBook()
        behind = DialogueFlow(
            [PrescriptionSkill(requests, roles)],
            "Praxis am Markt",
            cipher,
            greeting=Say("triage-greeting"),
            staff_room=STAFF_ROOM,
            roles=roles,
            counter=person,
            clock=lambda: self.now,
        )
        meetings = Meetings(counter, cipher, "Praxis am Markt")
        self.flow = CounterDesk(counter, behind, "Praxis am Markt", meetings, clock=lambda: self.now)
        self.is_entitled()

    def is_entitled(self, oids: str = CARE, sender: str = ANNA, room_id: str = ROOM) -> None:
        self.hears(oids, sender, room_id, MessageKind.ROLES)

    def anna(
        self,
        text: str,
        kind: MessageKind = MessageKind.TEXT,
        *,
        sender: str = ANNA,
        room_id: str = ROOM,
        **more: Any,
    ) -> list[Outgoing]:
        return self.hears(text, sender, room_id, kind, **more)

    def types(self, *lines: str) -> list[Outgoing]:
        answers: list[Outgoing] = []
        for line in lines:
            answers = self.anna(line)
        return answers

    def open_list(self) -> str:
        return texts(self.staff("!offen"))[0]


@pytest.fixture
def cipher() -> Cipher:
    return Cipher(bytes(range(32)))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "bot.db")
    yield engine
    engine.dispose()


@pytest.fixture
def practice(engine: Engine, cipher: Cipher) -> Practice:
    return Practice(engine, cipher)


@pytest.fixture
def asked(practice: Practice) -> Practice:
    """Anna has asked for one medication: request 1."""
    practice.types("!rezept", *TYPED, "1")
    return practice


def test_a_request_becomes_a_card(practice: Practice) -> None:
    preview = practice.types("!rezept", *TYPED)
    assert "noch ist nichts gesendet:\nErika Muster, geb. 01.02.1940\n1. Beispielpril" in texts(preview)[0]
    assert practice.open_list() == "Es ist nichts offen."
    sent = practice.anna("1")
    assert texts(sent)[0].startswith("Angefragt bei Praxis am Markt, Nummer 1.")
    (card,) = texts(sent, STAFF_ROOM)
    assert card.startswith("Anfrage 1 · Rezeptanfrage\n")
    for part in ("Erika Muster, geb. 01.02.1940", TYPED[1], "Menge: 1 Packung · Einnahme: 1-0-0-0", TYPED[4]):
        assert part in card


def test_several_medications_are_decided_one_by_one(practice: Practice) -> None:
    practice.types("!rezept", *TYPED, "3", "Beispielol 10 mg", "2 Packungen", "0-0-1", "bald")
    sent = practice.anna("dringend")
    assert "Nummern 1, 2" in texts(sent)[0]
    assert [card.splitlines()[0] for card in texts(sent, STAFF_ROOM)] == [
        "DRINGEND · Anfrage 1 · Rezeptanfrage",
        "DRINGEND · Anfrage 2 · Rezeptanfrage",
    ]
    (issued,) = texts(practice.staff("!ok 2"), ROOM)
    assert issued.startswith("Anfrage 2 (Beispielol 10 mg): ausgestellt von Praxis am Markt.")
    (declined,) = texts(practice.staff("!nein 1 Termin nötig"), ROOM)
    assert declined.startswith(f"Anfrage 1 ({TYPED[1]}): abgelehnt von Praxis am Markt. Grund: Termin nötig")


def test_question_and_answer_go_both_ways(asked: Practice) -> None:
    (question,) = texts(asked.staff("!frage Wie ist der Blutdruck?", about=1), ROOM)
    assert "Wie ist der Blutdruck?\n" in question
    assert "„!rezept 1 Ihr Text“" in question
    answers = asked.anna("!rezept 1 120 zu 80, Frau Muster ist WACH")
    assert texts(answers, STAFF_ROOM)[0] == "Antwort zu Anfrage 1: 120 zu 80, Frau Muster ist WACH"
    assert texts(answers) == ["Zu Anfrage 1 weitergegeben."]


def test_a_cancelled_request_is_withdrawn_and_cannot_be_decided(asked: Practice) -> None:
    answers = asked.anna("!rezept storno 1 doppelt")
    assert texts(answers) == ["Anfrage 1 ist zurückgezogen. Die Praxis ist informiert."]
    assert any("doppelt" in text for text in texts(answers, STAFF_ROOM))
    assert "schon abgeschlossen" in texts(asked.staff("!ok 1"))[0]
    assert "schon abgeschlossen" in texts(asked.anna("!rezept storno 1"))[0]


def test_a_cancellation_after_the_issue_is_urgent_for_the_practice_and_changes_nothing(asked: Practice) -> None:
    asked.staff("!ok 1")
    answers = asked.anna("!rezept storno 1 Patientin im Krankenhaus")
    (urgent,) = texts(answers, STAFF_ROOM)
    assert urgent == (
        "DRINGEND zu Anfrage 1: Der Pflegedienst möchte das Rezept nicht mehr (Patientin im Krankenhaus). "
        "Es ist schon ausgestellt, löschen kann es nur die Praxis."
    )
    assert "nur sie kann es löschen" in texts(answers)[0]


def test_only_a_care_service_may_ask(practice: Practice) -> None:
    for oids in ("", PHARMACY, f"{CARE} {PHARMACY}", "1.2.276.0.76.4.49"):
        practice.is_entitled(oids)
        (refused,) = texts(practice.anna("!rezept"))
        assert "nur Pflegedienste" in refused
        assert texts(practice.anna(TYPED[0]), STAFF_ROOM) == []
    assert practice.open_list() == "Es ist nichts offen."


def test_who_is_not_known_yet_has_to_wait(practice: Practice) -> None:
    (wait,) = texts(practice.anna("!rezept", sender="@neu:pflege.tim.test", room_id="!neu:pflege.tim.test"))
    assert "sehe gerade im Verzeichnis" in wait


def test_who_loses_the_role_meanwhile_sends_nothing(practice: Practice) -> None:
    practice.types("!rezept", *TYPED)
    practice.is_entitled("")
    assert "nur Pflegedienste" in texts(practice.anna("1"))[0]
    assert practice.open_list() == "Es ist nichts offen."


def test_who_loses_the_role_cannot_touch_old_requests(asked: Practice) -> None:
    asked.is_entitled("")
    for text in ("!rezept storno 1", "!rezept 1 Hallo"):
        answers = asked.anna(text)
        assert texts(answers, STAFF_ROOM) == []
        assert "nur Pflegedienste" in texts(answers)[0]


def test_nobody_touches_the_request_of_another(asked: Practice) -> None:
    other = "@eva:anderer.tim.test"
    for room_id in (ROOM, "!anderer:anderer.tim.test"):
        asked.is_entitled(CARE, other, room_id)
        for text in ("!rezept storno 1", "!rezept 1 Hallo", "!rezept storno 99", "!rezept 99 Hallo"):
            answers = asked.anna(text, sender=other, room_id=room_id)
            assert texts(answers, STAFF_ROOM) == []
            assert texts(answers) == [
                "Unter dieser Nummer finde ich keine Rezeptanfrage von Ihnen in diesem Raum. Ich habe nichts geändert."
            ]


@pytest.mark.parametrize("text", [TOKEN, f"Code {CODE.upper()}", " ".join(CODE)])
def test_no_token_passes_in_a_text(asked: Practice, text: str) -> None:
    for order in ("!ok 1", "!nein 1", "!frage 1"):
        answers = asked.staff(f"{order} {text}")
        assert texts(answers, ROOM) == []
        assert "Zugangscode" in texts(answers)[0]
        assert CODE[:20] not in "".join(texts(answers)).casefold()
    assert texts(asked.anna(f"!rezept 1 {text}"), STAFF_ROOM) == []
    asked.anna("!rezept")
    assert "Zugangscode" in texts(asked.anna(text))[0]
    assert "Rezeptanfrage" in asked.open_list()


def test_no_file_passes(asked: Practice) -> None:
    asked.staff("", about=1, kind=MessageKind.ATTACHMENT, content=CONTENT)
    answers = asked.staff("!ok 1")
    assert "keine Dateien" in texts(answers)[0]
    assert texts(answers, ROOM) == []
    assert [one for one in answers if getattr(one, "room_id", None) == ROOM] == []


def test_a_flood_ends_politely_and_loses_nothing(engine: Engine, cipher: Cipher) -> None:
    practice = Practice(engine, cipher, most_open=3)
    for attempt in range(10):
        practice.now += timedelta(minutes=2)
        answers = practice.types("!rezept", *TYPED, "1")
        assert ("sehr viele Anfragen" in texts(answers)[0]) is (attempt >= 3)
        assert bool(texts(answers, STAFF_ROOM)) is (attempt < 3)
    practice.staff("!ok 2")
    assert "Nummer 4" in texts(practice.types("!rezept", *TYPED, "1"))[0]


def test_only_a_doctor_decides_if_the_practice_wants_it_so(engine: Engine, cipher: Cipher) -> None:
    practice = Practice(engine, cipher, needs_doctor=True)
    practice.types("!rezept", *TYPED, "1")
    assert "Ärztin oder ein Arzt" in texts(practice.staff("!ok 1"))[0]
    assert texts(practice.staff("!ok 1", sender="@weber:praxis.tim.test"), ROOM) != []


@pytest.mark.parametrize(
    "answer", ["4", "abbrechen", "verwerfen", "senden vielleicht nicht", "5", "?", "senden!!! 1 2"]
)
def test_nothing_but_a_clear_word_sends(practice: Practice, answer: str) -> None:
    practice.types("!rezept", *TYPED)
    assert texts(practice.anna(answer), STAFF_ROOM) == []


def test_a_draft_that_was_left_lying_is_not_sent(practice: Practice) -> None:
    practice.types("!rezept", *TYPED)
    practice.now += timedelta(hours=1)
    answers = practice.anna("1")
    assert texts(answers, STAFF_ROOM) == []
    assert "verfallen" in texts(answers)[0]


def test_a_command_within_a_draft_loses_nothing(asked: Practice) -> None:
    asked.types("!rezept", *TYPED)
    assert "mitten in einer Rezeptanfrage" in texts(asked.anna("!rezept storno 1"))[0]
    assert "Nummer 2" in texts(asked.anna("1"))[0]


def test_everything_is_sealed_in_the_database(asked: Practice, tmp_path: Path) -> None:
    asked.types("!rezept", *TYPED)
    asked.engine.dispose()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("bot.db*"))
    assert b"counter_case" in stored
    for secret in (b"Muster", b"Beispielpril", b"1-0-0-0", ANNA.encode()):
        assert secret not in stored


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Erika Muster, 01.02.1940", "Erika Muster, geb. 01.02.1940"),
        ("  Erika   Muster geb. 1.2.1940", "Erika Muster, geb. 01.02.1940"),
        ("Dr. Jürgen O'Neil-Groß; geboren am 29.02.2024", "Dr. Jürgen O'Neil-Groß, geb. 29.02.2024"),
        ("Erika Muster", None),
        ("01.02.1940", None),
        ("Erika Muster, 30.02.1940", None),
        ("Erika Muster, 01.02.40", None),
        ("Erika Muster, 01.02.2040", None),
        ("Erika Muster, 01.02.1840", None),
        ("Erika Muster, 01.02.1940 und Otto, 01.01.1950", None),
    ],
)
def test_patients_are_read_strictly(text: str, line: str | None) -> None:
    patient = read_patient(text, MONDAY_9.date())
    assert (None if patient is None else patient.line) == line


def test_wrong_pzns_are_noticed() -> None:
    assert not has_wrong_pzn("Beispielpril 12345678")
    assert not has_wrong_pzn("PZN 01234562")
    for wrong in ("PZN 01234563", "PZN: 1234562", "pzn012345620"):
        assert has_wrong_pzn(wrong)


WORDS = [
    "!rezept",
    *TYPED,
    "1",
    "2",
    "3",
    "4",
    "zurück",
    "abbrechen",
    "hilfe",
    "!rezept storno 1",
    "!rezept 1 x",
    TOKEN,
    "",
]


@given(st.lists(st.tuples(st.sampled_from(WORDS) | st.text(max_size=40), st.booleans()), max_size=20))
def test_no_sequence_of_messages_sends_what_is_not_whole_or_not_allowed(messages: list[tuple[str, bool]]) -> None:
    engine: DialogueEngine[Standing] = DialogueEngine(PRESCRIPTION_DIALOGUE, "00000000-0000-0000-0000-000000000001")
    conversation: Conversation | None = None
    for text, is_entitled in messages:
        spoken = read_spoken(text)
        standing = Standing(is_entitled)
        said = Said(spoken, MONDAY_9, is_for_us=spoken.addressed == "rezept")
        reply = engine.respond(conversation, said, standing)
        if reply.effect is not None:
            assert is_entitled
            if isinstance(reply.effect, Send):
                assert reply.effect.patient
                assert reply.effect.items
                for item in reply.effect.items:
                    assert all((item.medication, item.quantity, item.dosage, item.needed))
                assert CODE not in repr(reply.effect)
            reply = engine.resume(reply.conversation, reply.effect, None, said, standing)
        conversation = reply.conversation
