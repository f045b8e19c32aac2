"""A practice in Berlin, its flow and people who write to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tim_bots.appointment.config import AppointmentType, CalendarConfig
from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.cipher import Cipher
from tim_bots.database import open_engine
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow
from tim_bots.flow import Incoming, MessageKind, Outgoing, SendEvent, SendFile, SendText

MONDAY_MORNING = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
"""08:00 in Berlin."""

_EVENT_NUMBERS = count()


def appointment_flow(calendar: CalendarConfig, cipher: Cipher, clock: Callable[[], datetime]) -> DialogueFlow:
    """The flow of a bot that does appointments and nothing else."""
    name = "Praxis Dr. Beispiel"
    greeting = Say("appointment-greeting")
    return DialogueFlow([AppointmentSkill(calendar, name, cipher)], name, cipher, greeting=greeting, clock=clock)


@dataclass
class Practice:
    """The real flow on a real database, with a clock that the test moves."""

    engine: Engine
    calendar: CalendarConfig
    cipher: Cipher
    now: datetime = MONDAY_MORNING
    flow: DialogueFlow = field(init=False)

    def __post_init__(self) -> None:
        self.flow = appointment_flow(self.calendar, self.cipher, lambda: self.now)

    def hears(
        self,
        text: str = "",
        sender: str = "@schwester:pflege.tim.test",
        room_id: str = "!raum:pflege.tim.test",
        kind: MessageKind = MessageKind.TEXT,
    ) -> list[Outgoing]:
        message = Incoming(room_id, f"$e{next(_EVENT_NUMBERS)}", sender, kind, text, self.now)
        with self.engine.begin() as connection:
            return list(self.flow.handle(connection, message))

    def shows(self, text: str = "", **how: object) -> list[Outgoing]:
        """The answer without the poll that accompanies it."""
        answers = self.hears(text, **how)  # type: ignore[arg-type]  # forwarded as written by the test
        return [answer for answer in answers if not isinstance(answer, SendEvent)]

    def says(self, text: str = "", **how: object) -> str:
        """The new texts of the answer."""
        answers = self.hears(text, **how)  # type: ignore[arg-type]  # forwarded as written by the test
        return "\n".join(answer.text for answer in answers if isinstance(answer, SendText) and not answer.edits)

    def sends_file(self, text: str, **how: object) -> SendFile:
        """The file of the answer."""
        answers = self.hears(text, **how)  # type: ignore[arg-type]  # forwarded as written by the test
        (file,) = [answer for answer in answers if isinstance(answer, SendFile)]
        return file

    def waits(self, **time: float) -> None:
        self.now += timedelta(**time)


def weekdays(*ranges: str) -> dict[str, list[str]]:
    return {day: list(ranges) for day in ("mo", "di", "mi", "do", "fr")}


def make_calendar(**changes: object) -> CalendarConfig:
    settings = {
        "location": "Hauptstraße 1, 10115 Berlin",
        "slot_minutes": 30,
        "opening_hours": weekdays("08:00-12:00", "14:00-17:00"),
    }
    return CalendarConfig.model_validate(settings | changes)


def only(calendar: CalendarConfig) -> AppointmentType:
    """The kind of a calendar that has no more."""
    (kind,) = calendar.kinds.values()
    return kind


@pytest.fixture
def cipher() -> Cipher:
    return Cipher(bytes(range(32)))


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "bot.sqlite"


@pytest.fixture
def engine(database_path: Path) -> Iterator[Engine]:
    engine = open_engine(database_path)
    yield engine
    engine.dispose()


@pytest.fixture
def open_practice(engine: Engine, cipher: Cipher) -> Callable[..., Practice]:
    return lambda **changes: Practice(engine, make_calendar(**changes), cipher)


@pytest.fixture
def practice(open_practice: Callable[..., Practice]) -> Practice:
    return open_practice()
