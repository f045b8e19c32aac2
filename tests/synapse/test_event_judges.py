"""Every event finds its judges, in the order they were added."""

from types import SimpleNamespace
from typing import Any

from synapse.module_api import EventBase

from tim_synapse.event_judges import EventJudges
from tim_synapse.private_events import RoomState


async def first(event: EventBase, state: RoomState) -> None:
    """Judges members."""


async def every(event: EventBase, state: RoomState) -> None:
    """Judges everything."""


async def last(event: EventBase, state: RoomState) -> None:
    """Judges members and join rules."""


def of(judges: EventJudges, event_type: str) -> tuple[Any, ...]:
    event: Any = SimpleNamespace(type=event_type)
    return judges.of(event)


def test_most_events_have_no_judge() -> None:
    judges = EventJudges()
    judges.add(first, "m.room.member")
    assert of(judges, "m.room.encrypted") == ()


def test_judges_of_a_type_and_of_every_type_are_asked_in_the_order_they_were_added() -> None:
    judges = EventJudges()
    judges.add(first, "m.room.member")
    judges.add(every)
    judges.add(last, "m.room.member", "m.room.join_rules")
    assert of(judges, "m.room.member") == (first, every, last)
    assert of(judges, "m.room.join_rules") == (every, last)
    assert of(judges, "m.room.encrypted") == (every,)
