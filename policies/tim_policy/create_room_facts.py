"""The facts that a new room is judged by."""

from dataclasses import dataclass

from tim_policy.create_room import CreateRoomRequest
from tim_policy.room_plan import RoomPlan


@dataclass(frozen=True, slots=True)
class CreateRoomFacts:
    """What somebody asks for, and what it would become.

    Args:
        request: as it came, or, when a room is upgraded, what the new one takes over from the old one.
        plan: the room that would be created.
    """

    request: CreateRoomRequest
    plan: RoomPlan
