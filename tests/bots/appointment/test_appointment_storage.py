"""Places cannot be booked twice, whoever asks at the same moment, and the file tells nothing about people."""

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select

from tim_bots.appointment.calendar import free_slots, units
from tim_bots.appointment.config import CalendarConfig
from tim_bots.appointment.tables import booking, booking_unit
from tim_bots.cipher import Cipher, SealBroken
from tim_bots.database import open_engine
from tim_bots.dialogue.conversation import Conversation, Frame
from tim_bots.dialogue.dialogue import PATIENCE
from tim_bots.dialogue.memory import Memory
from tim_bots.dialogue.who import Lookup
from tim_bots.flow import Incoming, MessageKind, Outgoing, SendEvent, SendFile, SendText

from .conftest import MONDAY_MORNING, Practice, appointment_flow, make_calendar, only, weekdays

PLACES = 200
ATTEMPTS = 1_600
KEY = bytes(range(32))
WON, TOLD = "won", "told"


def busy_practice() -> tuple[CalendarConfig, tuple[datetime, ...]]:
    calendar = make_calendar(slot_minutes=15, opening_hours=weekdays("08:00-18:00"), horizon="9d")
    return calendar, free_slots(calendar, only(calendar), (), MONDAY_MORNING)[:PLACES]


def let_all_wait_their_turn(connection: Any, _record: object) -> None:
    """SQLite's lock has no queue, so one of many may wait long; and power does not fail in this test."""
    connection.execute("PRAGMA busy_timeout=100000")
    connection.execute("PRAGMA synchronous=OFF")


def rush(path: Path, person: int, attempts: int, start: threading.Barrier | Barrier) -> Counter[str]:
    """One person answers "1" to an offer of each place in turn, with everyone else at the same time."""
    calendar, places = busy_practice()
    cipher, engine, outcomes = Cipher(KEY), open_engine(path), Counter[str]()
    engine.dispose()
    event.listen(engine, "connect", let_all_wait_their_turn)
    flow = appointment_flow(calendar, cipher, lambda: MONDAY_MORNING)
    sender, lookup, memory = f"@{person}:a.test", Lookup(cipher), Memory(cipher)
    start.wait()
    for attempt in range(attempts):
        place = places[attempt % PLACES]
        room_id = f"!{person}-{attempt}:a.test"
        who, slots = lookup.who(room_id, sender), (place.isoformat(),)
        offer = Conversation(
            dialogue="appointment",
            case_id="64a65c58-bb38-5787-bd13-31e4d53bc7db",
            frame=Frame(step="offer", values={"slots": slots, "shown": slots}),
            expires_at=MONDAY_MORNING + PATIENCE,
        )
        message = Incoming(room_id, f"${attempt}", sender, MessageKind.TEXT, "1", MONDAY_MORNING)
        with engine.begin() as connection:
            memory.remember(connection, who, offer)
            outcomes[outcome([a for a in flow.handle(connection, message) if not isinstance(a, SendEvent)])] += 1
    engine.dispose()
    return outcomes


def outcome(answers: list[Outgoing]) -> str:
    match answers:
        case [SendText(text), SendFile()] if text.startswith("Ihr Termin ist gebucht"):
            return WON
        case [SendText(text)] if text.startswith("Dieser Termin ist leider gerade vergeben worden."):
            return TOLD
        case _:
            return "neither"


def assert_each_place_is_booked_once(path: Path, outcomes: Counter[str]) -> None:
    assert outcomes == {WON: PLACES, TOLD: ATTEMPTS - PLACES}
    _, places = busy_practice()
    engine = open_engine(path)
    with engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(booking_unit)) == PLACES * 3
        starts = connection.scalars(select(booking.c.starts_at).order_by(booking.c.starts_at)).all()
    engine.dispose()
    assert starts == [int(place.timestamp()) for place in places]


@pytest.mark.usefixtures("engine")  # the file exists before anyone opens it
def test_eight_threads_book_each_place_once(database_path: Path) -> None:
    start = threading.Barrier(8)
    with ThreadPoolExecutor(8) as threads:
        rushes = [threads.submit(rush, database_path, n, ATTEMPTS // 8, start) for n in range(8)]
        outcomes = sum((one.result() for one in rushes), Counter[str]())
    assert_each_place_is_booked_once(database_path, outcomes)


@pytest.mark.usefixtures("engine")  # the file exists before anyone opens it
def test_four_processes_book_each_place_once(database_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, spawn.Pool(4) as processes:
        start = manager.Barrier(4)
        rushes = [processes.apply_async(rush, (database_path, n, ATTEMPTS // 4, start)) for n in range(4)]
        outcomes = sum((one.get(timeout=120) for one in rushes), Counter[str]())
    assert_each_place_is_booked_once(database_path, outcomes)


def test_a_rolled_back_message_books_nothing(practice: Practice, engine: Engine) -> None:
    practice.says("!termin")
    message = Incoming("!raum:pflege.tim.test", "$x", "@schwester:pflege.tim.test", MessageKind.TEXT, "1", practice.now)
    with engine.connect() as connection:
        assert len(practice.flow.handle(connection, message)) == 3
        connection.rollback()
    assert practice.says("meine Termine").startswith("In diesem Raum haben Sie keinen kommenden Termin gebucht.")
    assert practice.says("1").startswith("Ihr Termin ist gebucht")


def test_units_of_neighbouring_appointments_do_not_touch() -> None:
    ten = datetime(2026, 11, 23, 10, tzinfo=UTC)
    before, after = units(ten - timedelta(minutes=15), ten), units(ten, ten + timedelta(minutes=15))
    assert (len(before), len(after), set(before) & set(after)) == (3, 3, set())


def test_the_database_file_names_nobody(practice: Practice, database_path: Path) -> None:
    practice.says(kind=MessageKind.ROOM_JOINED)
    practice.says("Termin für Kanarienvogel, bitte")
    practice.says("2")
    practice.says("Termin für Kanarienvogel, bitte")
    practice.engine.dispose()
    stored = b"".join(file.read_bytes() for file in database_path.parent.glob("bot.sqlite*"))
    assert b"appointment_booking" in stored
    for secret in (b"schwester", b"pflege.tim.test", b"!raum", b"Kanarienvogel", b"offering", b"is_greeted"):
        assert secret not in stored


def test_with_another_key_nothing_is_read(practice: Practice, engine: Engine) -> None:
    practice.says("!termin")
    thief = Practice(engine, practice.calendar, Cipher(bytes(32)))
    assert thief.hears("1") != []  # other keyed hashes: it finds no conversation, so it explains itself
    cipher = Cipher(bytes(32))
    with engine.begin() as connection, pytest.raises(SealBroken):
        Memory(cipher).conversation(
            connection, Lookup(Cipher(KEY)).who("!raum:pflege.tim.test", "@schwester:pflege.tim.test")
        )
