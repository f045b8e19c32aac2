"""Every event finds its judges, in the order they were added; one that fails refuses."""

from types import SimpleNamespace
from typing import Any

import pytest
from synapse.module_api import EventBase
from synapse.module_api.errors import SynapseError

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
    return tuple(vars(judge)["__wrapped__"] for judge in judges.of(event))


def test_most_events_have_no_judge() -> None:
    judges = EventJudges()
    judges.add(first, "m.room.member")
    assert of(judges, "m.room.encrypted") == ()


def test_a_judge_is_asked_last_about_what_concerns_it() -> None:
    judges = EventJudges()
    judges.add_if(lambda event: event.type.startswith("m.r"), last)
    judges.add(first, "m.room.member")
    assert of(judges, "m.room.member") == (first, last)
    assert of(judges, "m.reaction") == (last,)
    assert of(judges, "org.example") == ()


def test_judges_of_a_type_and_of_every_type_are_asked_in_the_order_they_were_added() -> None:
    judges = EventJudges()
    judges.add(first, "m.room.member")
    judges.add(every)
    judges.add(last, "m.room.member", "m.room.join_rules")
    assert of(judges, "m.room.member") == (first, every, last)
    assert of(judges, "m.room.join_rules") == (every, last)
    assert of(judges, "m.room.encrypted") == (every,)


async def test_a_judge_that_fails_refuses() -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("geheim")

    judges = EventJudges()
    judges.add(fail)
    event: Any = SimpleNamespace(type="m.room.message")
    with pytest.raises(SynapseError) as refused:
        await judges.of(event)[0](event, RoomState(None, event))
    assert (refused.value.code, refused.value.errcode) == (403, "M_FORBIDDEN")
    assert "geheim" not in str(refused.value)
