"""The front is asked about every path that the rules know, and about few others."""

from urllib.parse import quote, unquote_to_bytes

import pytest

from tests.policy.test_endpoint import NAMED
from tim_policy.endpoint import endpoint_of
from tim_synapse.on_request import MAY_BE_JUDGED, path_segments


@pytest.mark.parametrize("path", NAMED)
def test_the_quick_look_overlooks_nothing(path: str) -> None:
    written = "/" + path
    hidden = "".join(f"%{ord(letter):02X}" if letter != "/" else "/" for letter in written)
    for form in (written, quote(written), hidden, written.replace("/", "//"), written + "/", written + "//"):
        raw = form.encode()
        assert MAY_BE_JUDGED.search(unquote_to_bytes(raw))
        assert endpoint_of(path_segments(raw)) == NAMED[path]


@pytest.mark.parametrize(
    "path",
    [
        "/_matrix/client/v3/sync",
        "/_matrix/client/v3/rooms/%21abc%3Apraxis.tim.test/send/m.room.encrypted/1",
        "/_matrix/client/v3/rooms/%21abc%3Apraxis.tim.test/messages",
        "/_matrix/client/v3/keys/query",
        "/_matrix/federation/v1/send/1",
        "/_matrix/media/v3/download/praxis.tim.test/abc",
        "/health",
        "/_synapse/metrics",
    ],
)
def test_frequent_requests_go_on_at_once(path: str) -> None:
    assert MAY_BE_JUDGED.search(unquote_to_bytes(path)) is None


def test_an_encoded_slash_splits_nothing() -> None:
    assert path_segments(b"/_matrix/client/v3/profile/%40a%2Fb%3Ax/displayname")[3:] == (
        "profile",
        "@a/b:x",
        "displayname",
    )
    assert path_segments(b"/\xff/%FF/") == ("ÿ", "\ufffd")
