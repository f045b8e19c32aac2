"""The facts another server is judged by before any federation traffic passes to or from it."""

from dataclasses import dataclass

from tim_policy.federation_list import FederationList
from tim_policy.names import ServerName
from tim_policy.residency import ResidencyEvidence


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Which server, and what is known about it.

    Args:
        server_name: the server that is judged; its port is part of the name.
        own_server: the homeserver that judges.
        federation_list: the newest verified list that is young enough; None if there is none.
        residency: what is known about where the server is; None: the rule is off.
        is_residency_enforced: a refusal for residency closes the gate; else it is only observed and explained.
    """

    server_name: ServerName
    own_server: ServerName
    federation_list: FederationList | None
    residency: ResidencyEvidence | None
    is_residency_enforced: bool
