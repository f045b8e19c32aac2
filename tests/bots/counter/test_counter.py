"""Cases on the counter: cards, decisions, answers of the asker, all in one transaction or not at all."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import IntegrityError

from tests.bots.counter.conftest import ANNA, KLAR, MONDAY_9, OTT, ROOM, STAFF_ROOM, WEBER, World, new_world
from tests.bots.postgres.conftest import place, postgres
from tim_bots.cipher import Cipher
from tim_bots.counter.card import card_label, message_label, number_of
from tim_bots.counter.case import Accept, Ask, Asker, Decline, HandOver, Urgency
from tim_bots.counter.counter import Done, Refused
from tim_bots.counter.schedule import SUMMARY_TIMER, overdue_timer
from tim_bots.counter.states import Hindrance, State
from tim_bots.database import open_engine
from tim_bots.flow import CancelTimer, SendText, SetTimer

__all__ = ["place", "postgres"]


def test_a_case_becomes_a_card_with_number_age_and_who_asked(world: World) -> None:
    case = world.case(urgency=Urgency.URGENT)
    number, (card, overdue, summary) = world.does(lambda c: world.counter.open(c, case))
    assert card.text == (
        "DRINGEND · Anfrage 1 · Rezeptanfrage\nVon: Pflegedienst Sonne (@anna:pflege.tim.test)\n"
        "Ramipril 5 mg, 100 Stück\nEingang: Mo. 23. Nov., 09:00 Uhr\nStand: offen"
    )
    assert (card.room_id, card.label, card.extra) == (STAFF_ROOM, card_label(number), {"m.mentions": {}})
    assert overdue == SetTimer(overdue_timer(1), MONDAY_9 + timedelta(hours=4), {"number": 1}, STAFF_ROOM)
    assert (summary.key, summary.due) == (SUMMARY_TIMER, MONDAY_9 + timedelta(hours=22, minutes=30))


def test_the_same_case_is_opened_once(world: World) -> None:
    case = world.case()
    world.does(lambda c: world.counter.open(c, case))
    with pytest.raises(IntegrityError):
        world.does(lambda c: world.counter.open(c, case))


def test_a_decision_reaches_the_flow_and_edits_the_card(world: World) -> None:
    number = world.open()
    done = world.decides(number, Accept("liegt bereit"))
    assert isinstance(done, Done)
    told, card, cancelled = done.answers
    assert isinstance(card, SendText)
    assert told == SendText("Accept", room_id=ROOM)
    assert card.edits
    assert card.text.endswith("Stand: erledigt von Frau Klar, Mo. 23. Nov., 09:00 Uhr")
    assert cancelled == CancelTimer(overdue_timer(number), STAFF_ROOM)
    assert [one[1:] for one in world.flow.decided] == [(Accept("liegt bereit"), world.member(KLAR))]
    again = world.decides(number, Decline("doch nicht"), WEBER)
    assert again == Refused(f"Anfrage {number} ist schon abgeschlossen. Ich habe nichts geändert.", Hindrance.CLOSED)
    assert len(world.flow.decided) == 1


@pytest.mark.parametrize("decision", [Accept, Ask, Decline])
def test_a_token_is_never_repeated_on_the_card(world: World, decision: type[Accept | Ask | Decline]) -> None:
    done = world.decides(world.open(), decision("Task/160.000/$accept?ac=777bea0e13cc9c42ceec14aec3ddee22"))
    assert "777bea" not in str([one for one in done.answers if one.room_id == STAFF_ROOM])


def test_what_the_flow_refuses_changes_nothing(world: World) -> None:
    number = world.open()
    assert world.decides(number, Decline("geht nicht")) == Refused("Das geht nicht.")
    assert world.stored(number).standing.claimed_by is None
    assert isinstance(world.decides(number, Decline("zu früh"), OTT), Done)


def test_a_case_of_a_flow_that_is_gone_stays(world: World) -> None:
    number = world.open(kind="gone")
    assert isinstance(world.decides(number, Accept()), Refused)
    assert world.stored(number).standing.state is State.OPEN


def test_a_doctors_case_is_decided_by_doctors_only(world: World) -> None:
    number = world.open()
    handed_over = world.decides(number, HandOver())
    assert handed_over.answers[1].text.endswith("Stand: offen, wartet auf Ärztin oder Arzt")
    assert world.decides(number, Accept()).why is Hindrance.FOR_DOCTORS
    assert isinstance(world.decides(number, Accept(), WEBER), Done)


def test_nobody_hands_over_where_no_doctor_works(engine: Engine, cipher: Cipher) -> None:
    world = new_world(engine, cipher, members={"klar": {"user_id": KLAR, "name": "Frau Klar"}})
    assert "keine Ärztin" in world.decides(world.open(), HandOver()).text


def test_the_askers_answer_is_a_reply_on_the_card(world: World) -> None:
    case = world.case()
    number, _ = world.does(lambda c: world.counter.open(c, case))
    assert world.decides(number, Ask("Wie viele sind noch da?")).stored.standing.state is State.ASKED
    reply, card = world.does(lambda c: world.counter.answered(c, case.case_id, "Fünf @room", "$e1", world.now))
    assert reply.text == f"Antwort zu Anfrage {number}: Fünf @room"
    assert (reply.room_id, reply.replies_to, number_of(reply.label)) == (STAFF_ROOM, card_label(number), number)
    assert reply.extra == {"m.mentions": {}}
    assert card.text.endswith("Stand: in Arbeit bei Frau Klar")
    world.decides(number, Accept())
    assert world.does(lambda c: world.counter.answered(c, case.case_id, "Danke", "$e2", world.now)) == ()
    assert world.does(lambda c: world.counter.answered(c, uuid4(), "?", "$e3", world.now)) == ()


def test_what_the_asker_withdraws_is_struck_through(world: World) -> None:
    case = world.case()
    number, _ = world.does(lambda c: world.counter.open(c, case))
    world.claims(number)
    card, reply, timer = world.does(lambda c: world.counter.withdraw(c, case.case_id, "Storno der Pflege", world.now))
    assert "zurückgezogen" in card.text
    assert "Storno der Pflege" in reply.text
    assert timer.key == overdue_timer(number)
    assert world.does(lambda c: world.counter.withdraw(c, case.case_id, "noch einmal", world.now)) == ()
    assert world.decides(number, Accept()).why is Hindrance.CLOSED


def test_an_overdue_case_is_marked_and_said_again_until_it_is_closed(world: World) -> None:
    number = world.open()
    world.waits(hours=24)
    card, reply, again = world.does(lambda c: world.counter.overdue(c, number, world.now))
    assert card.text.startswith("ÜBERFÄLLIG · Anfrage")
    assert "vor 24 Stunden" in reply.text
    assert again == SetTimer(overdue_timer(number), world.now + timedelta(days=1), {"number": number}, STAFF_ROOM)
    second = world.does(lambda c: world.counter.overdue(c, number, world.now))
    assert second[1].label != reply.label
    world.decides(number, Accept())
    assert world.does(lambda c: world.counter.overdue(c, number, world.now)) == ()


def test_the_summary_lists_what_is_open_and_stops_when_nothing_happens(world: World) -> None:
    for _ in range(35):
        world.open()
    urgent = world.open(urgency=Urgency.URGENT)
    world.decides(1, Accept())
    told, timer = world.does(lambda c: world.counter.summary(c, world.now))
    lines = told.text.splitlines()
    assert lines[0] == ("Guten Morgen. 35 Anfragen sind offen. In den letzten 24 Stunden wurde eine abgeschlossen.")
    assert lines[1].startswith(f"DRINGEND {urgent} ·")
    assert lines[-1] == "… und 5 weitere"
    assert timer.key == SUMMARY_TIMER
    for number in range(2, urgent + 1):
        world.decides(number, Accept())
    world.waits(days=2)
    assert world.does(lambda c: world.counter.summary(c, world.now)) == ()


def test_closed_cases_are_erased_after_a_month_and_their_numbers_never_come_again(world: World) -> None:
    number = world.open()
    world.decides(number, Accept())
    world.waits(days=31)
    assert world.open() == number + 1
    assert world.stored(number) is None


def test_nothing_personal_stands_in_the_database(world: World, engine: Engine) -> None:
    world.decides(world.open(), Ask("Wie heißt das Mittel?"))
    with engine.begin() as connection:
        rows = str(connection.execute(text("SELECT * FROM counter_case")).all())
    for secret in (ANNA, ROOM, "Ramipril", "Pflegedienst", "Mittel", KLAR, "Frau Klar"):
        assert secret not in rows


@pytest.mark.parametrize(("label", "number"), [("counter 17", 17), ("counter 17 $e x", 17), ("counter", None)])
@pytest.mark.parametrize("suffix", ["", " "])
def test_labels_name_the_case(label: str, number: int | None, suffix: str) -> None:
    assert number_of(label + suffix) == number


@pytest.mark.parametrize("label", [None, "", "wanted 1 !r:a", "counter ²", "counter -1", "counter x", "counters 1"])
def test_other_labels_name_none(label: str | None) -> None:
    assert number_of(label) is None


def test_a_label_fits_into_its_column() -> None:
    assert len(message_label(1, "$" + "x" * 300)) == 255


def claim_at_once(engines: list[Engine], cipher: Cipher) -> list[object]:
    """Sixteen members claim a case that each of them saw open; what became of each."""
    members = {f"m{i}": {"user_id": f"@m{i}:a.test", "name": f"M{i}"} for i in range(16)}
    worlds = [new_world(engine, cipher, members=members) for engine in engines]
    number = worlds[0].open(asker=Asker(ROOM, ANNA))
    start = threading.Barrier(16)
    seen = [worlds[i % len(worlds)].stored(number) for i in range(16)]

    def claim(i: int) -> object:
        world, member = worlds[i % len(worlds)], worlds[0].member(f"@m{i}:a.test")
        start.wait()
        return world.does(lambda c: world.counter.claim(c, seen[i], member, world.now))

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(claim, range(16)))


def test_of_many_who_claim_at_once_one_gets_it(tmp_path: Path, cipher: Cipher) -> None:
    engines = [open_engine(tmp_path / "bot.db") for _ in range(4)]
    outcomes = claim_at_once(engines, cipher)
    assert sum(isinstance(one, Done) for one in outcomes) == 1
    assert {one.why for one in outcomes if isinstance(one, Refused)} == {Hindrance.TAKEN}
    for engine in engines:
        engine.dispose()


def test_of_many_who_claim_at_once_one_gets_it_on_postgresql(place: URL, cipher: Cipher) -> None:
    engines = [open_engine(place) for _ in range(4)]
    outcomes = claim_at_once(engines, cipher)
    assert sum(isinstance(one, Done) for one in outcomes) == 1
    assert {one.why for one in outcomes if isinstance(one, Refused)} == {Hindrance.TAKEN}
    for engine in engines:
        engine.dispose()
