"""Which servers stand behind an event of a room, so that an event cannot bring in whom the transport refuses."""

from collections.abc import Mapping, Sequence
from typing import Any

_GOODBYES = ("leave", "ban")


def server_of(user_id: str) -> str:
    """What follows the first colon, as homeservers split user ids; empty when there is none."""
    return user_id.partition(":")[2]


def judged_servers(event_type: str, sender: str, state_key: str | None, content: Mapping[str, Any]) -> tuple[str, ...]:
    """The servers that must be allowed for an event from elsewhere to be shown.

    Args:
        event_type, sender, state_key, content: of the event, as received; state_key None: no state event.

    Returns:
        The sender's server, and for an invite the invited user's too. None at all for
        a member who leaves or is banned: without it she would stay in the room for ever, and
        `m.room.create`: it says of which version the room is, and nothing that people read.
    """
    if event_type == "m.room.create" and state_key is not None:
        return ()
    if event_type != "m.room.member" or state_key is None:
        return (server_of(sender),)
    membership = content.get("membership")
    if membership in _GOODBYES:
        return ()
    if membership == "invite":
        return (server_of(sender), server_of(state_key))
    return (server_of(sender),)


def room_creator_servers(room_id: str, stripped_state: object) -> frozenset[str]:
    """The servers of those who created a room, as far as an invite or the room id tells.

    Args:
        room_id: from room version 12 on it names no server.
        stripped_state: `invite_room_state` of an invite, as received; any JSON value.
    """
    servers = {server_of(room_id)} - {""}
    if isinstance(stripped_state, Sequence):
        for event in stripped_state:
            if isinstance(event, Mapping) and event.get("type") == "m.room.create":
                servers.add(server_of(str(event.get("sender"))))
    return frozenset(servers)
