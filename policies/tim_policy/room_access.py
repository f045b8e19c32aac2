"""Facts about what happens to a room besides its state events."""

from dataclasses import dataclass

from tim_policy.room_state import RoomFacts


@dataclass(frozen=True, slots=True)
class AliasFacts:
    """An address for a room.

    Args:
        alias: its localpart; None: none is wanted.
    """

    alias: str | None


@dataclass(frozen=True, slots=True)
class ListingFacts:
    """An entry of the room directory.

    Args:
        visibility: `public` or `private`.
        room: see `RoomFacts`.
    """

    visibility: str
    room: RoomFacts


@dataclass(frozen=True, slots=True)
class JoinFacts:
    """A user of this homeserver joins a room.

    Args:
        is_own_room: it was created here.
        membership: hers in the room so far; None: none.
    """

    is_own_room: bool
    membership: str | None


@dataclass(frozen=True, slots=True)
class StateRedactionFacts:
    """A redaction of an event of a room's current state.

    Args:
        event_type: of the state event; None: it is no state event, or no longer in force.
    """

    event_type: str | None
