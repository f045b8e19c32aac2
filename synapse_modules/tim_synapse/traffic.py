"""Names the kind of a federation request by its path; the names are metric labels."""

import re

OTHER = "other"
_KINDS: tuple[tuple[str, str], ...] = (
    (r"/_matrix/federation/v1/send/", "transaction"),
    (r"/_matrix/federation/v\d/invite/", "invite"),
    (r"/_matrix/federation/v\d/(?:make|send)_join/", "join"),
    (r"/_matrix/federation/v\d/(?:make|send)_knock/", "knock"),
    (r"/_matrix/federation/v\d/(?:make|send)_leave/", "leave"),
    (
        r"/_matrix/federation/v1/(?:backfill|get_missing_events|event|event_auth|state|state_ids|timestamp_to_event)/",
        "history",
    ),
    (r"/_matrix/federation/v1/user/(?:keys|devices)/", "keys"),
    (r"/_matrix/federation/v1/query/profile", "profile"),
    (r"/_matrix/federation/v1/(?:query/directory|publicRooms|hierarchy/)", "directory"),
    (r"/_matrix/federation/v1/media/", "media"),
    (r"/_matrix/client/v\d/keys/", "keys"),
    (r"/_matrix/client/v\d/(?:join/|knock/|rooms/[^/]+/join)", "join"),
    (r"/_matrix/client/v\d/(?:rooms/[^/]+/invite|createRoom)", "invite"),
    (r"/_matrix/client/v\d/profile/", "profile"),
    (r"/_matrix/client/v\d/(?:directory/|publicRooms)", "directory"),
    (r"/_matrix/(?:client/v\d/media|media/v\d)/", "media"),
)
_COMPILED = tuple((re.compile(pattern), kind) for pattern, kind in _KINDS)
KINDS = frozenset(kind for _, kind in _KINDS) | {OTHER, "background"}


def traffic_of(path: str) -> str:
    """One of `KINDS`; `path` is that of the request being handled, empty for work in the background."""
    if not path:
        return "background"
    return next((kind for pattern, kind in _COMPILED if pattern.match(path)), OTHER)
