"""What of a sync's answer goes into the inbox."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nio import SyncResponse

from tim_bots.inbox import Arrival, Kind, State
from tim_bots.incoming import Message, Unprocessed, read_event


def room_arrivals(events: Sequence[Any], room_id: str, own_user_id: str) -> Iterable[Arrival]:
    """What of a joined, encrypted room's events goes into the inbox.

    Args:
        events: nio events, oldest first, decrypted where that was possible.
        room_id: the room.
        own_user_id: the bot's.
    """
    joined_at = max((i for i, event in enumerate(events) if _is_own_join(event, own_user_id)), default=-1)
    for index, event in enumerate(events):
        if index < joined_at and is_encrypted(event):
            continue  # said before the bot came, and not meant for it
        arrival = arrival_of(event, room_id, own_user_id)
        if arrival is not None:
            yield arrival


def arrival_of(event: Any, room_id: str, own_user_id: str) -> Arrival | None:
    """What one event becomes; None: nothing."""
    source = event.source
    event_id, sender = source.get("event_id"), source.get("sender")
    if not isinstance(event_id, str) or not isinstance(sender, str) or sender == own_user_id:
        return None
    if is_encrypted(event):
        return Arrival(event_id, room_id, Kind.MESSAGE, State.WAITING_FOR_KEYS, source)
    read = read_event(source, own_user_id, is_decrypted=bool(event.decrypted))
    if isinstance(read, Message):
        content = {
            "sender": sender,
            "kind": read.kind,
            "text": read.text,
            "event_type": source["type"],
            "content": source["content"],
        }
        return Arrival(event_id, room_id, Kind.MESSAGE, State.READY, content)
    if read is Unprocessed.NOT_ENCRYPTED:
        return Arrival(event_id, room_id, Kind.NOT_ENCRYPTED, State.READY, {})
    return None


def is_encrypted(event: Any) -> bool:
    """Still encrypted, whatever nio made of it: a missing field is no reason to ignore a person."""
    is_redacted = "redacted_because" in _object(event.source, "unsigned")
    return event.source.get("type") == "m.room.encrypted" and not is_redacted


def _is_own_join(event: Any, own_user_id: str) -> bool:
    source = event.source
    if source.get("type") != "m.room.member" or source.get("state_key") != own_user_id:
        return False
    was = _object(_object(source, "unsigned"), "prev_content").get("membership")
    return _object(source, "content").get("membership") == "join" and was != "join"


def _object(source: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What stands there, if it is an object; events are foreign JSON."""
    value = source.get(key)
    return value if isinstance(value, Mapping) else {}


def departures(response: SyncResponse) -> Iterable[Arrival]:
    """Rooms that the bot is not in any more: left, kicked or banned."""
    for room_id in response.rooms.leave:
        yield Arrival(f"left {room_id} {response.next_batch}", room_id, Kind.LEFT, State.READY, {})


def invites(response: SyncResponse, own_user_id: str) -> Iterable[Arrival]:
    """Invites of the bot."""
    for room_id, info in response.rooms.invite.items():
        for event in info.invite_state:
            source, sender = event.source, event.source.get("sender")
            is_own = source.get("type") == "m.room.member" and source.get("state_key") == own_user_id
            if is_own and isinstance(sender, str):
                # Stripped state need not carry an event id, and Synapse's does not
                event_id = source.get("event_id") or f"invite {room_id} {response.next_batch}"
                yield Arrival(str(event_id), room_id, Kind.INVITE, State.READY, {"sender": sender})
