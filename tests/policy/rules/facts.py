"""Facts for rule tests: two professional servers, two insurers, this one."""

from tim_policy.federation_list import FederationList, ListedServer
from tim_policy.invite import InviteFacts
from tim_policy.names import ServerName, parse_server_name, parse_user_id
from tim_policy.permission_config import PermissionConfig, UnreadablePermissionConfig

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
) -> InviteFacts:
    """Facts about `@a:inviter` inviting `@b:invitee` (server names)."""
    return InviteFacts(
        parse_user_id(f"@a:{inviter}"),
        parse_user_id(f"@b:{invitee}"),
        own_server,
        is_own_insurance,
        federation_list,
        permission,
    )
