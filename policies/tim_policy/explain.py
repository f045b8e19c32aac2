"""From a JSON description of a request to the facts its rules judge: what `tim policy explain` reads.

A description is what an operator knows about a refused request. What she leaves out counts as on a homeserver where
nothing unusual is stored.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from tim_policy.create_room_facts import CreateRoomFacts
from tim_policy.directory.where_is import DirectoryPart, Whereabouts
from tim_policy.directory_description import DirectoryDescription
from tim_policy.errors import ConfigError, InvalidName
from tim_policy.event_description import EventDescription
from tim_policy.federation_list import FederationList, ListedServer
from tim_policy.invite import InviteeFacts, InviteFacts, InviteRoomFacts
from tim_policy.names import parse_server_name, parse_user_id
from tim_policy.permission_config import (
    PermissionConfig,
    Product,
    UnreadablePermissionConfig,
    parse_permission_config,
)
from tim_policy.profile import Profile
from tim_policy.registry import TABLES, Verdict, explain
from tim_policy.request_description import RequestDescription
from tim_policy.room_creation import explain_events
from tim_policy.room_description import (
    AliasDescription,
    CreateRoomDescription,
    JoinDescription,
    ListingDescription,
    StateDescription,
    StateRedactionDescription,
    UpgradeDescription,
)
from tim_policy.settings import Settings, load_settings


class Surroundings(Settings):
    """What every description may say.

    Args:
        own_server: the homeserver that judges.
        listed: servers of the federation list; None: there is no verified list.
        insurers: those of them that belong to insurers.
    """

    own_server: str
    listed: tuple[str, ...] | None = None
    insurers: tuple[str, ...] = ()

    def federation_list(self) -> FederationList | None:
        """The list; None when there is none."""
        if self.listed is None:
            return None
        names = dict.fromkeys((*self.listed, *self.insurers))
        return FederationList.of(
            0, [ListedServer(parse_server_name(name), "", name in self.insurers) for name in names]
        )


class RoomDescription(Settings):
    """The room of an invite, see `InviteRoomFacts`."""

    people: int
    is_direct: bool = False


class WhereaboutsDescription(Settings):
    """What the directory's `whereIs` says, see `Whereabouts`."""

    invitee: DirectoryPart
    inviter: DirectoryPart | None = None


class InviteDescription(Surroundings):
    """An invite.

    Args:
        inviter, invitee: user ids.
        permission_config: account data of the invitee, as stored; None: nothing stored.
        is_active: the invitee has an account that is not deactivated.
        is_contact: the invitee's contact list admits the inviter (1.1).
        room: see `InviteRoomFacts`; None: a new room, or one that is not known.
        where_is: what the directory says (1.1); None: it was not asked, or did not answer.
    """

    inviter: str
    invitee: str
    permission_config: Any = None
    is_active: bool = True
    is_contact: bool = False
    room: RoomDescription | None = None
    where_is: WhereaboutsDescription | None = None

    def facts(self, profile: Profile) -> InviteFacts:
        """The facts of `INVITE_RULES`."""
        invitee, own_server = parse_user_id(self.invitee), parse_server_name(self.own_server)
        is_own = invitee.server_name == own_server
        return InviteFacts(
            inviter=parse_user_id(self.inviter),
            invitee=invitee,
            own_server=own_server,
            is_own_insurance=profile.product is Product.EPA,
            federation_list=self.federation_list(),
            own_invitee=InviteeFacts(self.is_active, self._permission(), self.is_contact) if is_own else None,
            room=None if self.room is None else InviteRoomFacts(self.room.people, self.room.is_direct),
            whereabouts=None if self.where_is is None else Whereabouts(self.where_is.invitee, self.where_is.inviter),
        )

    def _permission(self) -> PermissionConfig | UnreadablePermissionConfig | None:
        if self.permission_config is None:
            return None
        try:
            return parse_permission_config(self.permission_config)
        except UnreadablePermissionConfig as unreadable:
            return unreadable


class Description(Protocol):
    """A description that was read; its class is the model of the JSON."""

    def facts(self, profile: Profile) -> Any:
        """The facts of the action's table; may raise InvalidName."""


DESCRIPTIONS: Mapping[str, type[Settings]] = {
    "invite": InviteDescription,
    "event": EventDescription,
    "createRoom": CreateRoomDescription,
    "upgrade": UpgradeDescription,
    "state": StateDescription,
    "stateRedaction": StateRedactionDescription,
    "alias": AliasDescription,
    "listing": ListingDescription,
    "join": JoinDescription,
    "request": RequestDescription,
    "user directory": DirectoryDescription,
}
"""The model of each action's description, by the action's name in `registry.TABLES`."""


def explain_request(action: str, data: Any, profile: Profile, where: str) -> tuple[Verdict, ...]:
    """What every rule of an action says about a described request.

    Args:
        action: a key of `DESCRIPTIONS`.
        data: parsed JSON, of any type.
        profile: whose rules judge.
        where: the file's name, for messages.

    Raises:
        ConfigError: one line per fault of the description.
    """
    description: Any = load_settings(DESCRIPTIONS[action], data, where)
    try:
        facts = description.facts(profile)
    except InvalidName as error:
        raise ConfigError(f"{where}: {error}") from None
    verdicts = explain(TABLES[action], profile.rules, facts)
    if isinstance(facts, CreateRoomFacts):
        return (*verdicts, *explain_events(facts, profile.rules))
    return tuple(verdicts)
