"""createRoom says one thing about the room: what contradicts itself is refused, not guessed (A_25323-01, ADR 0010).

Guessing wrong would open a room that was meant to be private, or leave half a room behind.
"""

from collections.abc import Iterator

from tim_policy.create_room import PUBLIC_PRESET
from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.room_power import RoomPower, level_of, required_level, required_state_level
from tim_policy.room_state import PUBLIC

REQUIREMENT = "A_25323-01"

_OF_OTHER_KEYS = frozenset({"m.room.name", "m.room.topic", "m.room.canonical_alias"})


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(CONTRADICTORY_ROOM) for two answers to one question, and for a creator without power over her room."""
    return Deny(REQUIREMENT, Reason.CONTRADICTORY_ROOM) if any(_contradictions(facts)) else Allow()


def _contradictions(facts: CreateRoomFacts) -> Iterator[bool]:
    request = facts.request
    if request.is_public:
        yield request.preset not in (None, PUBLIC_PRESET)
        yield request.join_rule not in (None, PUBLIC)
    contents = {(event.type, event.state_key): event.content for event in request.events}
    yield any(contents[event.type, event.state_key] != event.content for event in request.events)
    yield not _creator_may_fill(facts)


def _creator_may_fill(facts: CreateRoomFacts) -> bool:
    """Whether the creator may send what makes the room, and the invites: power levels are its first event."""
    creator = str(facts.request.creator)
    power = RoomPower(frozenset({creator}), facts.plan.room_version, facts.plan.power_levels)
    types = {event.type for event in facts.plan.events} | _OF_OTHER_KEYS
    level = level_of(power, creator)
    may_invite = level >= required_level(power, "invite")
    return all(level >= required_state_level(power, event_type) for event_type in types) and (
        may_invite or not facts.request.invitees
    )
