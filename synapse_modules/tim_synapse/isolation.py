"""Takes rooms away from a server: its members out, itself barred, as far as our users have the power.

Past the transport gate, what our users write still reaches a refused server through a third one that shares the
room. Only the room itself can end that.
"""

import enum
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synapse.module_api import EventBase, ModuleApi
from synapse.module_api.errors import SynapseError
from synapse.storage.database import LoggingTransaction

from tim_policy.names import ServerName
from tim_policy.room_power import RoomPower, may_remove, may_send_state

logger = logging.getLogger(__name__)

_ACL = "m.room.server_acl"


class Way(enum.StrEnum):
    """What our users can do about a room; closed set."""

    REMOVE = "remove"
    """One of them may remove the server's members; a server ACL keeps it out where one may set it."""
    LEAVE = "leave"
    """They may only leave, or ask an administrator of the room."""


class Outcome(enum.StrEnum):
    """What became of a room; closed set."""

    PLANNED = "planned"
    REMOVED = "removed"
    LEFT = "left"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SharedRoom:
    """A room of our users in which the server has members.

    Args:
        members: number of the server's members, invited and knocking ones included.
        local_members: number of ours.
    """

    room_id: str
    members: int
    local_members: int
    way: Way


@dataclass(frozen=True, slots=True)
class _Room:
    """One shared room with what it takes to change it; `remover` and `barrer` are users of ours, None: nobody."""

    room_id: str
    members: list[str]
    local: list[str]
    remover: str | None
    barrer: str | None
    acl: Mapping[str, Any]

    def shown(self) -> SharedRoom:
        way = Way.LEAVE if self.remover is None else Way.REMOVE
        return SharedRoom(self.room_id, len(self.members), len(self.local), way)


class Isolation:
    """Finds the rooms a server is in and closes them to it.

    Args:
        api: Synapse's module interface.
    """

    def __init__(self, api: ModuleApi) -> None:
        self._api = api

    async def shared_rooms(self, server_name: ServerName) -> list[SharedRoom]:
        """The rooms that our users share with the server."""
        return [room.shown() for room in await self._rooms(server_name)]

    async def isolate(
        self, server_name: ServerName, *, is_leaving: bool, is_dry_run: bool
    ) -> list[tuple[SharedRoom, Outcome]]:
        """Remove the server's members and bar it, room by room; a failing room does not stop the others.

        Args:
            server_name: whom to isolate.
            is_leaving: have our users leave where they cannot remove anybody.
            is_dry_run: change nothing; the outcomes are PLANNED and SKIPPED.
        """
        done = []
        for room in await self._rooms(server_name):
            is_skipped = room.remover is None and not is_leaving
            if is_skipped or is_dry_run:
                outcome = Outcome.SKIPPED if is_skipped else Outcome.PLANNED
            else:
                outcome = await self._close(server_name, room)
            done.append((room.shown(), outcome))
        return done

    async def _rooms(self, server_name: ServerName) -> list[_Room]:
        members = await self._api.run_db_interaction("tim_shared_rooms", _members_by_room, server_name)
        return [await self._room(room_id, members[room_id]) for room_id in sorted(members)]

    async def _room(self, room_id: str, members: list[str]) -> _Room:
        state = await self._api.get_room_state(room_id)
        local = sorted(user_id for user_id in _joined(state) if self._api.is_mine(user_id))
        power, acl = _power(state), state.get((_ACL, ""))
        return _Room(
            room_id,
            members,
            local,
            next((user for user in local if all(may_remove(power, user, member) for member in members)), None),
            next((user for user in local if may_send_state(power, user, _ACL)), None),
            {"allow": ["*"]} if acl is None else acl.content,
        )

    async def _close(self, server_name: ServerName, room: _Room) -> Outcome:
        try:
            if room.barrer is not None:  # first, so that nobody comes back
                await self._bar(server_name, room, room.barrer)
            if room.remover is None:
                for user in room.local:
                    await self._api.update_room_membership(user, user, room.room_id, "leave")
                return Outcome.LEFT
            for member in room.members:
                await self._api.update_room_membership(room.remover, member, room.room_id, "leave")
        except SynapseError as error:
            logger.warning("component=gate error=a room could not be isolated (%s)", error.errcode)
            return Outcome.FAILED
        return Outcome.REMOVED

    async def _bar(self, server_name: ServerName, room: _Room, sender: str) -> None:
        denied = [*room.acl.get("deny", ())]
        if server_name in denied:
            return
        content = {**room.acl, "deny": [*denied, server_name]}
        await self._api.create_and_send_event_into_room(
            {"type": _ACL, "state_key": "", "room_id": room.room_id, "sender": sender, "content": content}
        )


def _joined(state: Mapping[Any, EventBase]) -> list[str]:
    return [
        user_id
        for (event_type, user_id), event in state.items()
        if event_type == "m.room.member" and event.content.get("membership") == "join"
    ]


def _power(state: Mapping[Any, EventBase]) -> RoomPower:
    create, levels = state[("m.room.create", "")], state.get(("m.room.power_levels", ""))
    return RoomPower(
        creators=frozenset((create.sender, *create.content.get("additional_creators", ()))),
        room_version=str(create.content.get("room_version", "1")),
        content=None if levels is None else levels.content,
    )


def _members_by_room(txn: LoggingTransaction, server_name: str) -> dict[str, list[str]]:
    """User ids by room id. A server name holds neither % nor _, so the pattern means what it says."""
    txn.execute(
        "SELECT room_id, state_key FROM current_state_events WHERE type = 'm.room.member'"
        " AND membership IN ('join', 'invite', 'knock') AND state_key LIKE ?",
        (f"%:{server_name}",),
    )
    rooms: dict[str, list[str]] = {}
    for room_id, user_id in txn:
        if user_id.partition(":")[2] == server_name:
            rooms.setdefault(room_id, []).append(user_id)
    return rooms
