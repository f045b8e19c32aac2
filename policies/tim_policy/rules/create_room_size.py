"""createRoom: every event of the new room fits into an event, or there is no room (size limits of the specification).

The homeserver measures an event when it is made: too late, half of the room is there.
"""

from typing import Annotated, Any

from pydantic import PositiveInt

from tim_policy.canonical_json import encoded_bytes
from tim_policy.create_room import CreateRoomRequest
from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter

REQUIREMENT = "A_25323-01"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        max_depth: how many objects and arrays may lie inside each other; what lies deeper cannot be read.
        max_event_bytes: of the content of one event; 64 KiB less what the homeserver adds.
        max_events: of `initial_state`.
    """

    max_depth: Annotated[PositiveInt, Stricter.LOWER]
    max_event_bytes: Annotated[PositiveInt, Stricter.LOWER]
    max_events: Annotated[PositiveInt, Stricter.LOWER]


def decide(facts: CreateRoomFacts, parameters: Parameters) -> Decision:
    """Deny(REQUEST_TOO_LARGE) for too many or too large events."""
    request = facts.request
    if len(request.events) > parameters.max_events:
        return Deny(REQUIREMENT, Reason.REQUEST_TOO_LARGE)
    contents = [dict(event.content) for event in request.events] + _made_of_keys(request)
    # What is small enough as a whole, as nearly always, need not be measured one by one.
    if encoded_bytes(contents) <= parameters.max_event_bytes:
        return Allow()
    if max(map(encoded_bytes, contents)) <= parameters.max_event_bytes:
        return Allow()
    return Deny(REQUIREMENT, Reason.REQUEST_TOO_LARGE)


def _made_of_keys(request: CreateRoomRequest) -> list[Any]:
    """Contents of the events that come from other keys; the homeserver writes a topic twice."""
    twice_topic = [request.topic, request.topic]
    return [dict(request.creation_content), request.name, twice_topic, dict(request.power_levels or {})]
