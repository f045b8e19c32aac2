"""Facts for rule tests: two professional servers, two insurers, this one."""

from typing import Any

from tim_policy.directory.where_is import Whereabouts
from tim_policy.endpoint import Endpoint
from tim_policy.federation_list import FederationList, ListedServer
from tim_policy.invite import InviteeFacts, InviteFacts, InviteRoomFacts
from tim_policy.names import ServerName, parse_server_name, parse_user_id
from tim_policy.permission_config import PermissionConfig, UnreadablePermissionConfig
from tim_policy.request import RequestFacts

OWN = parse_server_name("praxis.tim.test")
LISTED = FederationList.of(
    1,
    [
        ListedServer(parse_server_name(name), "1-20", is_insurance)
        for name, is_insurance in (
            ("praxis.tim.test", False),
            ("pflege.tim.test", False),
            ("kasse.tim.test", True),
            ("andere-kasse.tim.test", True),
        )
    ],
)
EMPTY = FederationList.of(1, [])


def invite(
    inviter: str,
    invitee: str,
    *,
    own_server: ServerName = OWN,
    is_own_insurance: bool = False,
    federation_list: FederationList | None = LISTED,
    permission: PermissionConfig | UnreadablePermissionConfig | None = None,
    is_active: bool = True,
    is_contact: bool = False,
    room: InviteRoomFacts | None = None,
    whereabouts: Whereabouts | None = None,
) -> InviteFacts:
    """Facts about `@a:inviter` inviting `@b:invitee` (server names)."""
    parsed = parse_user_id(f"@b:{invitee}")
    return InviteFacts(
        parse_user_id(f"@a:{inviter}"),
        parsed,
        own_server,
        is_own_insurance,
        federation_list,
        InviteeFacts(is_active, permission, is_contact) if parsed.server_name == own_server else None,
        room,
        whereabouts,
    )


def request(endpoint: Endpoint, method: str = "GET", **facts: Any) -> RequestFacts:
    """Facts about a request of which nothing is known but what is said."""
    return RequestFacts(method, endpoint, **facts)


def others(*judged: Endpoint) -> list[Endpoint]:
    """The endpoints that a rule does not look at."""
    return [endpoint for endpoint in Endpoint if endpoint not in judged]
