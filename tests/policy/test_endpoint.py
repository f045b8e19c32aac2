"""Which endpoint a path names, whatever way it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.endpoint import Called, Endpoint, endpoint_of

USER = "@anna:praxis.tim.test"
NAMED = {
    "_matrix/client/v3/publicRooms": Called(Endpoint.ROOM_DIRECTORY),
    "_matrix/client/r0/publicRooms": Called(Endpoint.ROOM_DIRECTORY),
    "_matrix/client/api/v1/publicRooms": Called(Endpoint.ROOM_DIRECTORY),
    "_matrix/client/unstable/publicRooms": Called(Endpoint.ROOM_DIRECTORY),
    "_matrix/client/unstable/org.matrix.msc1/publicRooms": Called(Endpoint.ROOM_DIRECTORY),
    "_matrix/client/v3/directory/list/room/!r:x": Called(Endpoint.ROOM_VISIBILITY, "!r:x"),
    f"_matrix/client/v3/profile/{USER}": Called(Endpoint.PROFILE, USER),
    f"_matrix/client/v3/profile/{USER}/avatar_url": Called(Endpoint.PROFILE, USER),
    f"_matrix/client/v3/profile/{USER}/displayname": Called(Endpoint.DISPLAY_NAME, USER),
    f"_matrix/client/unstable/uk.tcpip.msc4133/profile/{USER}/displayname": Called(Endpoint.DISPLAY_NAME, USER),
    "_matrix/client/v3/register": Called(Endpoint.REGISTER),
    "_matrix/client/v1/login/get_token": Called(Endpoint.LOGIN_TOKEN),
    f"_matrix/client/v3/presence/{USER}/status": Called(Endpoint.PRESENCE, USER),
    "_matrix/client/v1/media/preview_url": Called(Endpoint.URL_PREVIEW),
    "_matrix/media/v3/preview_url": Called(Endpoint.URL_PREVIEW),
    "_matrix/media/r0/preview_url": Called(Endpoint.URL_PREVIEW),
    "_matrix/client/v3/rooms/!r:x/send/m.room.redaction/1": Called(Endpoint.REDACTION_EVENT, "!r:x"),
    "_matrix/client/v3/rooms/!r:x/send/m.room.redaction": Called(Endpoint.REDACTION_EVENT, "!r:x"),
    "_matrix/client/v3/rooms/!r:x/state/m.room.redaction": Called(Endpoint.REDACTION_EVENT, "!r:x"),
    "_matrix/federation/v1/publicRooms": Called(Endpoint.FEDERATION_ROOM_DIRECTORY),
    "_matrix/federation/v1/version": Called(Endpoint.FEDERATION_VERSION),
    "_matrix/federation/v1/query/profile": Called(Endpoint.FEDERATION_PROFILE),
    ".well-known/matrix/support": Called(Endpoint.SUPPORT),
    f"_synapse/admin/v2/users/{USER}": Called(Endpoint.ADMIN_USER, USER),
}
NOT_NAMED = (
    "",
    "_matrix",
    "_matrix/client",
    "_matrix/client/v3",
    "_matrix/client/versions",
    "_matrix/client/v3/PUBLICROOMS",
    "_matrix/client/v3/publicRooms/x",
    "_matrix/client/v3/rooms/publicRooms",
    "_matrix/client/v3/register/available",
    "_matrix/client/v3/login",
    "_matrix/client/v3/rooms/!r:x/send/m.room.message/m.room.redaction",
    "_matrix/client/v3/rooms/!r:x/redact/$e/1",
    "_matrix/federation/v1/send/1",
    "_matrix/federation/version",
    "_matrix/media/v3/download/x/y",
    "_matrix/client/v3/directory/list/appservice/a/b",
    ".well-known/matrix/client",
    "_synapse/admin/v1/register",
    "publicRooms",
)


@pytest.mark.parametrize(("path", "called"), NAMED.items())
def test_an_endpoint_is_named(path: str, called: Called) -> None:
    assert endpoint_of(tuple(path.split("/"))) == called


@pytest.mark.parametrize("path", NOT_NAMED)
def test_other_paths_name_none(path: str) -> None:
    assert endpoint_of(tuple(path.split("/"))) is None


def test_every_endpoint_can_be_named() -> None:
    assert {called.endpoint for called in NAMED.values()} == set(Endpoint)


@given(st.lists(st.sampled_from(sorted({part for path in NAMED for part in path.split("/")})) | st.text()))
def test_any_path_gets_an_answer(segments: list[str]) -> None:
    called = endpoint_of(tuple(segments))
    assert called is None or (called.endpoint in Endpoint and (not called.subject or called.subject in segments))
