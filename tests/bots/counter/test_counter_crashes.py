"""The process dies at each commit of a whole case, before or after it: nothing is lost, nothing happens twice."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.bots.appointment.conftest import make_calendar
from tests.bots.counter.conftest import ANNA, CONFIG, KLAR, ROOM, STAFF_ROOM
from tests.bots.test_exactly_once import CIPHER, Bench, Crash, CrashingDatabase, Homeserver, open_database
from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.counter.config import CounterConfig
from tim_bots.counter.counter import Counter
from tim_bots.counter.desk import CounterDesk
from tim_bots.counter.meeting import Meetings
from tim_bots.counter.person_wanted import PersonWanted
from tim_bots.counter.states import State
from tim_bots.database import Database
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow
from tim_bots.inbox import Arrival, Kind
from tim_bots.inbox import State as EntryState

PRACTICE = "Praxis am Markt"
BEGAN = datetime.now(UTC)
"""The time for all lives, so that cards are the same; timers go by the real clock and are not due yet."""


def said(number: int, sender: str, room_id: str, text: str) -> Arrival:
    content = {"sender": sender, "kind": "text", "text": text}
    return Arrival(f"$event-{number}", room_id, Kind.MESSAGE, EntryState.READY, content)


STORY = [
    said(1, ANNA, ROOM, "mensch"),
    said(3, KLAR, STAFF_ROOM, "!frage 1 Seit wann?"),
    said(4, ANNA, ROOM, "Seit gestern"),
    said(5, KLAR, STAFF_ROOM, "!ok 1 Kommen Sie heute."),
    said(6, KLAR, STAFF_ROOM, "!nein 1 doch nicht"),
]


def parts() -> tuple[CounterDesk, Counter]:
    counter = Counter(CounterConfig.model_validate(CONFIG), CIPHER, STAFF_ROOM)
    person = PersonWanted(counter, CIPHER, PRACTICE)
    counter.register(person)
    skills = [AppointmentSkill(make_calendar(), PRACTICE, CIPHER)]
    greeting = Say("appointment-greeting")
    behind = DialogueFlow(
        skills, PRACTICE, CIPHER, greeting=greeting, staff_room=STAFF_ROOM, counter=person, clock=lambda: BEGAN
    )
    meetings = Meetings(counter, CIPHER, PRACTICE)
    return CounterDesk(counter, behind, PRACTICE, meetings, clock=lambda: BEGAN), counter


async def live(database: Database, homeserver: Any) -> None:
    """One life of the process: each message comes with a sync of its own, until all came."""
    desk, _ = parts()
    bench = Bench(database, homeserver, desk)
    while True:
        position = await database.transaction(bench.queues.inbox.position)
        await bench.drain()
        done = 0 if position is None else int(position)
        if done == len(STORY):
            return
        await bench.receive(STORY[done : done + 1], str(done + 1))


class Rooms(Homeserver):
    """Knows the rooms of the story, and gives each event an id of its own."""

    def __init__(self) -> None:
        super().__init__()
        example = next(iter(self.rooms.values()))
        self.rooms = dict.fromkeys((ROOM, STAFF_ROOM), example)

    async def room_send(self, room_id: str, _type: str, content: dict[str, Any], tx_id: str, **more: Any) -> Any:
        answer = await super().room_send(room_id, _type, content, tx_id, **more)
        answer.event_id = f"${tx_id}"
        return answer


@pytest.mark.parametrize("is_stored", [True, False], ids=["after the commit", "before the commit"])
async def test_a_crash_at_any_step_of_a_case(tmp_path: Path, *, is_stored: bool) -> None:
    template, expected = tmp_path / "empty.db", Rooms()
    open_database(template).close()
    empty = await asyncio.to_thread(template.read_bytes)
    whole = CrashingDatabase(tmp_path / "whole.db", 0, is_stored=True)
    await live(whole, expected)
    whole.close()
    shown = expected.shown()
    assert whole.commits > 40
    assert sum("Seit wann?" in text for text in shown[ROOM]) == 1
    assert sum("Kommen Sie heute." in text for text in shown[ROOM]) == 1
    assert shown[STAFF_ROOM][-1].startswith("Anfrage 1 ist schon abgeschlossen")
    for step in range(1, whole.commits + 1):
        path, homeserver = tmp_path / f"{step}.db", Rooms()
        await asyncio.to_thread(path.write_bytes, empty)
        dying = CrashingDatabase(path, step, is_stored=is_stored)
        with pytest.raises(Crash):
            await live(dying, homeserver)
        dying.close()
        database = open_database(path)
        await live(database, homeserver)
        assert homeserver.shown() == shown, f"crash at step {step}"
        stored = await database.transaction(lambda connection: parts()[1].book.by_number(connection, 1))
        assert stored is not None
        assert stored.standing.state is State.ACCEPTED, f"crash at step {step}"
        database.close()
