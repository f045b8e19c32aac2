"""Whether a room is the direct chat of two people: what Matrix knows about it lies in three places.

- `is_direct` in an invite, which its sender's client sets. The event is replaced when the invitee joins, so every
  invite that the room ever saw is asked for.
- `m.direct` in the account data of each member, which clients keep; only that of our own users is known here.
"""

import json
from collections.abc import Iterable, Mapping

from synapse.module_api import EventBase, ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy.invite import InviteRoomFacts
from tim_policy.names import UserId
from tim_synapse.private_events import RoomState

_INVITES = (
    "SELECT event_json.json FROM room_memberships INNER JOIN event_json USING (event_id)"
    " WHERE room_memberships.room_id = ? AND room_memberships.membership = 'invite'"
    " AND room_memberships.user_id = ?"
)
_DIRECT_ROOMS = "SELECT content FROM account_data WHERE user_id = ? AND account_data_type = 'm.direct'"
_FEW = 2
"""A room with another number of people is no direct chat, whatever somebody once marked it as."""


class InviteRoomReader:
    """Reads the facts of a room that somebody is invited to.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api

    async def facts(self, room_id: str, invitee: UserId, state: RoomState | None) -> InviteRoomFacts | None:
        """The room as seen from here; `state` None: as it is stored. None: this homeserver takes no part in it."""
        people = _people(await self._members(room_id, state)) - {str(invitee)}
        if not people:
            return None
        if len(people) != _FEW:
            return InviteRoomFacts(len(people), is_direct=False)
        own = [user_id for user_id in people if self._api.is_mine(user_id)]
        is_direct = await self._api.run_db_interaction("tim_direct_room", _is_direct, room_id, people, own)
        return InviteRoomFacts(len(people), is_direct)

    async def _members(self, room_id: str, state: RoomState | None) -> Mapping[str, EventBase]:
        if state is not None:
            return await state.of_type("m.room.member")
        stored = await self._api.get_room_state(room_id, [("m.room.member", None)])
        return {user_id: event for (_, user_id), event in stored.items()}


def _people(members: Mapping[str, EventBase]) -> set[str]:
    return {user_id for user_id, event in members.items() if event.content.get("membership") in ("join", "invite")}


def _is_direct(txn: LoggingTransaction, room_id: str, people: Iterable[str], own: Iterable[str]) -> bool:
    for user_id in people:
        txn.execute(_INVITES, (room_id, user_id))
        if any(json.loads(event)["content"].get("is_direct") is True for (event,) in txn.fetchall()):
            return True
    for user_id in own:
        txn.execute(_DIRECT_ROOMS, (user_id,))
        if any(_names_room(json.loads(content), room_id) for (content,) in txn.fetchall()):
            return True
    return False


def _names_room(direct_rooms: object, room_id: str) -> bool:
    """Whether an `m.direct` names the room; its owner's client may have written anything there."""
    if not isinstance(direct_rooms, dict):
        return False
    return any(isinstance(rooms, list) and room_id in rooms for rooms in direct_rooms.values())
