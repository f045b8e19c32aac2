"""Which endpoint a request is for, as far as a rule looks at it: read from the path, tricks included."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass

_ANY = "*"


class Endpoint(enum.StrEnum):
    """The endpoints that rules look at; the value is what an operator calls them."""

    ROOM_DIRECTORY = "publicRooms"
    ROOM_VISIBILITY = "directory/list/room"
    PROFILE = "profile"
    DISPLAY_NAME = "displayname"
    REGISTER = "register"
    LOGIN_TOKEN = "login/get_token"  # noqa: S105 - a path
    PRESENCE = "presence"
    URL_PREVIEW = "preview_url"
    REDACTION_EVENT = "send/m.room.redaction"
    SUPPORT = "matrix/support"
    ADMIN_USER = "admin/v2/users"
    FEDERATION_ROOM_DIRECTORY = "federation publicRooms"
    FEDERATION_VERSION = "federation version"
    FEDERATION_PROFILE = "federation query/profile"


@dataclass(frozen=True, slots=True)
class Called:
    """An endpoint that a request is for.

    Args:
        endpoint: which.
        subject: whom or what it is about, e.g. the user id of a profile; empty when it names nobody.
    """

    endpoint: Endpoint
    subject: str = ""


# Below /_matrix/client/<version>. The first `*` is the subject.
_CLIENT: tuple[tuple[str, Endpoint], ...] = (
    ("publicRooms", Endpoint.ROOM_DIRECTORY),
    ("directory/list/room/*", Endpoint.ROOM_VISIBILITY),
    ("profile/*", Endpoint.PROFILE),
    ("profile/*/displayname", Endpoint.DISPLAY_NAME),
    ("profile/*/*", Endpoint.PROFILE),
    ("register", Endpoint.REGISTER),
    ("login/get_token", Endpoint.LOGIN_TOKEN),
    ("presence/*/status", Endpoint.PRESENCE),
    ("media/preview_url", Endpoint.URL_PREVIEW),
    ("rooms/*/send/m.room.redaction", Endpoint.REDACTION_EVENT),
    ("rooms/*/send/m.room.redaction/*", Endpoint.REDACTION_EVENT),
    ("rooms/*/state/m.room.redaction", Endpoint.REDACTION_EVENT),
    ("rooms/*/state/m.room.redaction/*", Endpoint.REDACTION_EVENT),
)
_MEDIA = (("preview_url", Endpoint.URL_PREVIEW),)
_FEDERATION = (
    ("publicRooms", Endpoint.FEDERATION_ROOM_DIRECTORY),
    ("version", Endpoint.FEDERATION_VERSION),
    ("query/profile", Endpoint.FEDERATION_PROFILE),
)
_ELSEWHERE = (
    (".well-known/matrix/support", Endpoint.SUPPORT),
    ("_synapse/admin/*/users/*", Endpoint.ADMIN_USER),
)
_TABLES: dict[tuple[str, ...], tuple[tuple[str, Endpoint], ...]] = {
    ("_matrix", "client"): _CLIENT,
    ("_matrix", "media"): _MEDIA,
    ("_matrix", "federation"): _FEDERATION,
}
# Versions that are two segments long: `api/v1` of old clients, and `unstable/<name>` of proposals.
_LONG_VERSIONS = frozenset({"api", "unstable"})


def endpoint_of(segments: tuple[str, ...]) -> Called | None:
    """The endpoint of a path; None when no rule looks at it.

    Every version of the API is the same, and so are single and repeated slashes: a path that Synapse would not
    understand may be named here, one that it understands is.

    Args:
        segments: of the path without its query, each decoded by itself, empty ones left out.
    """
    table = _TABLES.get(segments[:2])
    if table is None:
        return _match(_ELSEWHERE, segments)
    found = _match(table, segments[3:])
    if found is None and segments[2:3] and segments[2] in _LONG_VERSIONS:
        return _match(table, segments[4:])
    return found


def _match(table: Iterable[tuple[str, Endpoint]], segments: tuple[str, ...]) -> Called | None:
    for pattern, endpoint in table:
        parts = pattern.split("/")
        if len(parts) != len(segments):
            continue
        pairs = list(zip(parts, segments, strict=True))
        if all(part in (_ANY, segment) for part, segment in pairs):
            return Called(endpoint, _subject(endpoint, [segment for part, segment in pairs if part == _ANY]))
    return None


def _subject(endpoint: Endpoint, wild: list[str]) -> str:
    if not wild:
        return ""
    return wild[-1] if endpoint is Endpoint.ADMIN_USER else wild[0]
