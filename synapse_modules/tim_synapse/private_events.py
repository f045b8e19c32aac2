"""Asks the rules about an event before Synapse reads the room's state for them: read at 1.163.2, tried at every start.

Whoever registers `check_event_allowed` makes Synapse read the whole state of the room before every event, and once
more for each event of a room that is being created, whose state is not in the database yet and so is never found.
The rules look at few events and at little state, so they are asked one step earlier and read what they need.

`tim_synapse.private` says what this file may do and why.
"""
# ruff: noqa: SLF001 - this file exists to keep these accesses in one place

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from synapse.events.snapshot import UnpersistedEventContextBase
from synapse.module_api import EventBase, ModuleApi
from synapse.types.state import StateFilter
from synapse.util.async_helpers import delay_cancellation

from tim_policy.errors import ConfigError

_STORED_FIRST = ("m.room.create", "m.room.member")
"""Of a room that is being created; everything else is made in one go and stored at the end."""


class RoomState:
    """The state of a room before an event, read as far as it is asked for.

    Args:
        store: Synapse's.
        context: of the event.
        is_in_creation: the event is made in one go with others of a new room.
    """

    def __init__(self, store: Any, context: UnpersistedEventContextBase, *, is_in_creation: bool = False) -> None:
        self._store = store
        self._context = context
        self._is_in_creation = is_in_creation

    async def get(self, event_type: str, state_key: str = "") -> EventBase | None:
        """The state event, None when the room has none, or has none yet while it is being created."""
        return (await self.of_type(event_type, state_key)).get(state_key)

    async def of_type(self, event_type: str, *state_keys: str) -> Mapping[str, EventBase]:
        """State events of one type by state key; no `state_keys`: all of them."""
        if self._is_in_creation and event_type not in _STORED_FIRST:
            return {}
        wanted = StateFilter.from_types([(event_type, key) for key in state_keys] or [(event_type, None)])
        ids = await self._context.get_prev_state_ids(wanted)
        # A room in creation answers with everything, whatever is wanted.
        ids = {key: event_id for key, event_id in ids.items() if key[0] == event_type}
        if state_keys:
            ids = {key: event_id for key, event_id in ids.items() if key[1] in state_keys}
        events = await self._store.get_events(ids.values()) if ids else {}
        return {event.state_key: event for event in events.values()}


Judge = Callable[[EventBase, RoomState], Awaitable[None]]
"""Raises SynapseError when it refuses the event."""


def judge_events(api: ModuleApi, judges_of: Callable[[EventBase], Sequence[Judge]]) -> None:
    """Ask judges about every event that is made here, before Synapse asks other modules.

    Args:
        api: Synapse's module interface.
        judges_of: the judges of an event.

    Raises:
        ConfigError: this Synapse makes events another way; it is not started.
    """
    callbacks = api._callbacks.third_party_event_rules
    check_others = callbacks.check_event_allowed
    is_in_creation = _batches(api._hs.get_event_creation_handler())

    async def check_event_allowed(
        event: EventBase, context: UnpersistedEventContextBase
    ) -> tuple[bool, dict[str, Any] | None]:
        if judges := judges_of(event):
            state = RoomState(api._store, context, is_in_creation=is_in_creation(context))
            await delay_cancellation(_ask(judges, event, state))
        return await check_others(event, context)

    callbacks.check_event_allowed = check_event_allowed  # type: ignore[method-assign] # what this file is for
    if not all(_asks(handler, callbacks) for handler in _event_makers(api)):
        raise ConfigError("this Synapse does not ask before it makes an event; use a tested version")


async def _ask(judges: Sequence[Judge], event: EventBase, state: RoomState) -> None:
    for judge in judges:
        await judge(event, state)


def _batches(maker: Any) -> Callable[[UnpersistedEventContextBase], bool]:
    """Make it known which contexts belong to events of a room in creation.

    Looking such a room's state up would be one search per event and type, all in vain. The batch is recognised by
    the very object that its maker hands on as state; where a Synapse does not, the search is made.
    """
    make = maker.create_new_client_event
    states: set[int] = set()

    @functools.wraps(make)
    async def create_new_client_event(*args: Any, **kwargs: Any) -> Any:
        state = kwargs.get("state_map")
        if state is None or not kwargs.get("for_batch"):
            return await make(*args, **kwargs)
        states.add(id(state))
        try:
            return await make(*args, **kwargs)
        finally:
            states.discard(id(state))

    maker.create_new_client_event = create_new_client_event
    return lambda context: id(getattr(context, "state_map_before_event", None)) in states


def _missing() -> None:
    """Stands for a method that this Synapse does not have."""


def _event_makers(api: ModuleApi) -> tuple[tuple[Any, str], ...]:
    """Whoever makes an event, and the method that does: of our users, knocks of others, knocks that came signed."""
    hs = api._hs
    return (
        (hs.get_event_creation_handler(), "create_new_client_event"),
        (hs.get_federation_handler(), "on_make_knock_request"),
        (hs.get_federation_event_handler(), "on_send_membership_event"),
    )


def _asks(maker: tuple[Any, str], callbacks: Any) -> bool:
    handler, method = maker
    function = inspect.unwrap(getattr(type(handler), method, _missing))
    is_asking = "check_event_allowed" in function.__code__.co_names
    return is_asking and getattr(handler, "_third_party_event_rules", None) is callbacks
