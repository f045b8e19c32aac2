"""Gathers what the rules need to know about a room, from Synapse's state events."""

from typing import Protocol

from synapse.module_api import EventBase, ModuleApi, StateMap

from tim_policy.room_state import CREATE, ENCRYPTION, JOIN_RULES, POWER_LEVELS, RoomFacts, StateEvent


class State(Protocol):
    """State of a room, read event by event."""

    async def get(self, event_type: str, state_key: str = "") -> EventBase | None:
        """The state event; None when the room has none."""


class KnownState:
    """State that was read before, as `State`."""

    def __init__(self, events: StateMap[EventBase]) -> None:
        self._events = events

    async def get(self, event_type: str, state_key: str = "") -> EventBase | None:
        """See `State`."""
        return self._events.get((event_type, state_key))


def state_event(event: EventBase) -> StateEvent:
    """The event as the rules see it."""
    return StateEvent(event.type, event.get_state_key() or "", dict(event.content))


async def room_facts(api: ModuleApi, state: State) -> RoomFacts:
    """What the state says; without a create event: a room that is being created here, or that nobody knows."""
    create, join_rules = await state.get(CREATE), await state.get(JOIN_RULES)
    power_levels, encryption = await state.get(POWER_LEVELS), await state.get(ENCRYPTION)
    rule = None if join_rules is None else join_rules.content.get("join_rule")
    is_own = create is not None and api.is_mine(create.sender)
    return RoomFacts(
        is_new=is_own and join_rules is None and power_levels is None,
        is_own=is_own,
        is_federated=create is None or create.content.get("m.federate", True) is not False,
        join_rule=rule if isinstance(rule, str) else None,
        encryption=None if encryption is None else dict(encryption.content),
        power_levels=None if power_levels is None else dict(power_levels.content),
    )
