"""The events of a room in creation are recognised, and nothing is searched for that is not stored yet."""

from types import SimpleNamespace
from typing import Any

from tim_synapse.private_events import RoomState, _batches


class Maker:
    """Makes contexts as Synapse's maker of events does."""

    def __init__(self, seen: list[bool]) -> None:
        self.seen = seen
        self.is_in_creation: Any = None

    async def create_new_client_event(self, *, state_map: Any = None, for_batch: bool = False) -> Any:
        context = SimpleNamespace(state_map_before_event=state_map if for_batch else {"resolved": "state"})
        self.seen.append(self.is_in_creation(context))
        return context


async def test_only_events_made_in_one_go_are_of_a_room_in_creation() -> None:
    maker = Maker([])
    maker.is_in_creation = _batches(maker)
    context = await maker.create_new_client_event(state_map={"a": "b"}, for_batch=True)
    await maker.create_new_client_event(state_map={"a": "b"})
    await maker.create_new_client_event(for_batch=True)
    await maker.create_new_client_event()
    assert maker.seen == [True, False, False, False]
    assert not maker.is_in_creation(context)


async def test_what_is_not_stored_is_not_searched_for() -> None:
    nothing: Any = None  # whoever touches the store or the context fails
    state = RoomState(nothing, nothing, is_in_creation=True)
    assert await state.get("m.room.power_levels") is None
    assert await state.of_type("m.room.join_rules") == {}
