"""The facts a request is judged by before Synapse sees it; gathered by the shell, read by the rules."""

from dataclasses import dataclass
from typing import Any

from tim_policy.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """One HTTP request.

    Args:
        method: in capitals; HEAD counts as GET.
        endpoint: what it is for.
        is_logged_in: it carries a valid access token.
        is_signed: it carries a valid signature of a server that may talk to us (`X-Matrix`).
        is_guest: it asks for a guest account.
        is_by_admin: who sent it is a server admin.
        is_about_oneself: who sent it is whom it is about.
        shares_room: who sent it, a user or another homeserver, is in a room with whom it is about.
        display_name: the present name of whom it is about; None: she has none, or nobody asked.
        body: the JSON object in it; None: there is none, and Synapse says so.
    """

    method: str
    endpoint: Endpoint
    is_logged_in: bool = False
    is_signed: bool = False
    is_guest: bool = False
    is_by_admin: bool = False
    is_about_oneself: bool = False
    shares_room: bool = False
    display_name: str | None = None
    body: dict[str, Any] | None = None
