"""Descriptions of what happens to rooms, for `tim policy explain`."""

from typing import Any

from pydantic import Field

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.decision import Deny
from tim_policy.errors import ConfigError
from tim_policy.names import parse_user_id
from tim_policy.profile import Profile
from tim_policy.room_access import AliasFacts, JoinFacts, ListingFacts, StateRedactionFacts
from tim_policy.room_creation import read_create_room, read_upgrade
from tim_policy.room_state import RoomFacts, StateEvent, StateFacts
from tim_policy.settings import Settings


class RoomDescription(Settings):
    """A room as it is; see `RoomFacts`."""

    is_new: bool = False
    is_own: bool = True
    is_federated: bool = True
    join_rule: str | None = "invite"
    encryption: dict[str, Any] | None = None
    power_levels: dict[str, Any] | None = None

    def room(self) -> RoomFacts:
        """The same as facts."""
        return RoomFacts(**self.model_dump())


class StateEventDescription(Settings):
    """A state event."""

    type: str
    state_key: str = ""
    content: dict[str, Any] = Field(default_factory=dict)

    def event(self) -> StateEvent:
        """The same as facts."""
        return StateEvent(self.type, self.state_key, self.content)


class CreateRoomDescription(Settings):
    """A createRoom request.

    Args:
        creator: user id.
        request: the body, any JSON.
    """

    creator: str
    request: Any

    def facts(self, profile: Profile) -> CreateRoomFacts:
        """The facts of `CREATE_ROOM_RULES`."""
        return _readable(read_create_room(self.request, parse_user_id(self.creator), profile.rules))


class UpgradeDescription(Settings):
    """An upgrade of a room.

    Args:
        user_id: who upgrades.
        new_version: of the new room.
        creation_content: of the old room's create event.
        state: of the old room.
    """

    user_id: str
    new_version: str
    creation_content: dict[str, Any] = Field(default_factory=dict)
    state: tuple[StateEventDescription, ...] = ()

    def facts(self, profile: Profile) -> CreateRoomFacts:
        """The facts of `UPGRADE_RULES`."""
        state = [event.event() for event in self.state]
        user_id = parse_user_id(self.user_id)
        return _readable(read_upgrade(self.new_version, self.creation_content, state, user_id, profile.rules))


class StateDescription(StateEventDescription):
    """A state event that somebody sends into a room."""

    own_server: str
    room: RoomDescription = RoomDescription()

    def facts(self, profile: Profile) -> StateFacts:  # noqa: ARG002 - the same for all
        """The facts of `STATE_RULES`."""
        return StateFacts(self.event(), self.room.room(), self.own_server)


class StateRedactionDescription(Settings):
    """A redaction; see `StateRedactionFacts`."""

    event_type: str | None = None

    def facts(self, profile: Profile) -> StateRedactionFacts:  # noqa: ARG002 - the same for all
        """The facts of `STATE_REDACTION_RULES`."""
        return StateRedactionFacts(self.event_type)


class AliasDescription(Settings):
    """An address for a room; see `AliasFacts`."""

    alias: str

    def facts(self, profile: Profile) -> AliasFacts:  # noqa: ARG002 - the same for all
        """The facts of `ALIAS_RULES`."""
        return AliasFacts(self.alias)


class ListingDescription(Settings):
    """An entry of the room directory; see `ListingFacts`."""

    visibility: str
    room: RoomDescription = RoomDescription()

    def facts(self, profile: Profile) -> ListingFacts:  # noqa: ARG002 - the same for all
        """The facts of `LISTING_RULES`."""
        return ListingFacts(self.visibility, self.room.room())


class JoinDescription(Settings):
    """A join; see `JoinFacts`."""

    is_own_room: bool
    membership: str | None = None

    def facts(self, profile: Profile) -> JoinFacts:  # noqa: ARG002 - the same for all
        """The facts of `JOIN_RULES`."""
        return JoinFacts(self.is_own_room, self.membership)


def _readable(facts: CreateRoomFacts | Deny) -> CreateRoomFacts:
    if isinstance(facts, Deny):
        raise ConfigError("request: cannot be read (400 M_BAD_JSON): a key has another type than Matrix specifies")
    return facts
