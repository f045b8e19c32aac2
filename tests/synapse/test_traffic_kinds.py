"""The kind of a refused request, as the metric names it."""

import pytest

from tim_synapse.traffic import KINDS, traffic_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/_matrix/federation/v1/send/17", "transaction"),
        ("/_matrix/federation/v2/invite/!a:b/$e", "invite"),
        ("/_matrix/federation/v1/make_join/!a:b/@c:d?ver=10", "join"),
        ("/_matrix/federation/v2/send_join/!a:b/$e", "join"),
        ("/_matrix/federation/v1/make_knock/!a:b/@c:d", "knock"),
        ("/_matrix/federation/v2/send_leave/!a:b/$e", "leave"),
        ("/_matrix/federation/v1/state_ids/!a:b?event_id=$e", "history"),
        ("/_matrix/federation/v1/user/keys/claim", "keys"),
        ("/_matrix/federation/v1/query/profile?user_id=@a:b", "profile"),
        ("/_matrix/federation/v1/publicRooms", "directory"),
        ("/_matrix/federation/v1/media/download/abc", "media"),
        ("/_matrix/client/v3/keys/query", "keys"),
        ("/_matrix/client/v1/media/download/a/b", "media"),
        ("/_matrix/client/v3/createRoom", "invite"),
        ("/_matrix/federation/v1/something/new", "other"),
        ("\x00", "other"),
        ("", "background"),
    ],
)
def test_each_path_has_one_kind_of_a_closed_set(path: str, kind: str) -> None:
    assert traffic_of(path) == kind
    assert kind in KINDS
