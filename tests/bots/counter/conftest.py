"""A counter on a real database, with a flow that records what it is told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine

from tim_bots.cipher import Cipher
from tim_bots.counter.case import Asker, CounterCase, Decision, DecisionRefused, Decline, Member, Urgency
from tim_bots.counter.config import CounterConfig
from tim_bots.counter.counter import Counter
from tim_bots.database import open_engine
from tim_bots.flow import Outgoing, SendText

MONDAY_9 = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""09:00 in Berlin."""
STAFF_ROOM, ROOM, ANNA = "!tresen:praxis.tim.test", "!raum:pflege.tim.test", "@anna:pflege.tim.test"
KLAR, OTT, WEBER = (f"@{name}:praxis.tim.test" for name in ("klar", "ott", "weber"))
CONFIG: dict[str, Any] = {
    "members": {
        "klar": {"user_id": KLAR, "name": "Frau Klar"},
        "ott": {"user_id": OTT, "name": "Herr Ott"},
        "weber": {"user_id": WEBER, "name": "Dr. Weber", "is_doctor": True},
    }
}
EVENTS = count()


@dataclass
class Recorder:
    """A flow that does what it is told, and remembers it; refuses the reason "geht nicht"."""

    kind: str = "test"
    decided: list[tuple[UUID, Decision, Member]] = field(default_factory=list)

    def decide(
        self, connection: Connection, case_id: UUID, decision: Decision, member: Member, now: datetime
    ) -> Sequence[Outgoing]:
        del connection, now
        if decision == Decline("geht nicht"):
            raise DecisionRefused("Das geht nicht.")
        self.decided.append((case_id, decision, member))
        return (SendText(f"{type(decision).__name__}", room_id=ROOM),)


@dataclass
class World:
    """The counter, its database and its flow, with a clock that the test moves."""

    engine: Engine
    counter: Counter
    flow: Recorder
    now: datetime = MONDAY_9

    def case(self, **changes: Any) -> CounterCase:
        given: dict[str, Any] = {
            "kind": "test",
            "case_id": uuid4(),
            "title": "Rezeptanfrage",
            "lines": ("Ramipril 5 mg, 100 Stück",),
            "urgency": Urgency.ROUTINE,
            "asker": Asker(ROOM, ANNA, "Pflegedienst Sonne"),
            "opened_at": self.now,
        }
        return CounterCase(**given | changes)

    def open(self, **changes: Any) -> int:
        with self.engine.begin() as connection:
            return self.counter.open(connection, self.case(**changes))[0]

    def member(self, user_id: str) -> Member:
        member = self.counter.config.member(user_id)
        assert member is not None
        return member

    def does(self, work: Callable[[Connection], Any]) -> Any:
        with self.engine.begin() as connection:
            return work(connection)

    def stored(self, number: int) -> Any:
        return self.does(lambda c: self.counter.book.by_number(c, number))

    def decides(self, number: int, decision: Decision, user_id: str = KLAR) -> Any:
        member = self.member(user_id)
        return self.does(lambda c: self.counter.decide(c, self._found(c, number), decision, member, self.now))

    def claims(self, number: int, user_id: str = KLAR) -> Any:
        member = self.member(user_id)
        return self.does(lambda c: self.counter.claim(c, self._found(c, number), member, self.now))

    def _found(self, connection: Connection, number: int) -> Any:
        stored = self.counter.book.by_number(connection, number)
        assert stored is not None
        return stored

    def waits(self, **time: float) -> None:
        self.now += timedelta(**time)


def new_world(engine: Engine, cipher: Cipher, **config: Any) -> World:
    counter, flow = Counter(CounterConfig.model_validate(CONFIG | config), cipher, STAFF_ROOM), Recorder()
    counter.register(flow)
    return World(engine, counter, flow)


@pytest.fixture
def cipher() -> Cipher:
    return Cipher(bytes(range(32)))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "bot.db")
    yield engine
    engine.dispose()


@pytest.fixture
def world(engine: Engine, cipher: Cipher) -> World:
    return new_world(engine, cipher)
