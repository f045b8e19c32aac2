"""Files are sent on only as encrypted files, without anything else of the sender's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.counter.attachments import caption_of, clean_file_name, sendable

FILE: dict[str, Any] = {
    "url": "mxc://praxis.tim.test/AbCdEf",
    "iv": "AAECAwQFBgcAAAAAAAAAAA",
    "key": {"kty": "oct", "alg": "A256CTR", "ext": True, "k": "AAAA", "key_ops": ["encrypt", "decrypt"]},
    "hashes": {"sha256": "BBBB"},
    "v": "v2",
}
CONTENT: dict[str, Any] = {
    "msgtype": "m.file",
    "body": "Befund.pdf",
    "info": {"mimetype": "application/pdf"},
    "file": FILE,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def test_the_encrypted_file_goes_on_and_nothing_else_does() -> None:
    foreign = {"m.mentions": {"room": True}, "formatted_body": "<b>", "m.relates_to": {}, "body": "intern!"}
    content = CONTENT | foreign | {"filename": "Befund.pdf", "msgtype": "m.image"}
    content["info"] = {"mimetype": "image/png", "size": 7, "thumbnail_file": FILE}
    sent = sendable(content)
    assert sent == {
        "msgtype": "m.file",
        "body": "Befund.pdf",
        "filename": "Befund.pdf",
        "info": {"mimetype": "image/png", "size": 7},
        "file": FILE,
    }
    assert caption_of(content) == "intern!"


@pytest.mark.parametrize(
    "change",
    [
        {"msgtype": "m.text"},
        {"file": None},
        {"file": {**FILE, "url": "https://evil.test/x"}},
        {"file": {**FILE, "url": "mxc://a.test/../x"}},
        {"file": {**FILE, "key": {**FILE["key"], "alg": "none"}}},
        {"file": {**FILE, "hashes": {}}},
        {"file": {**FILE, "v": "v1"}},
        {"info": {"mimetype": "text/html\r\nX: y"}},
    ],
)
def test_what_is_no_encrypted_file_does_not_go_on(change: dict[str, Any]) -> None:
    assert sendable(CONTENT | change) is None


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("Befund.pdf", "Befund.pdf"),
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\Windows\\x.pdf", "C_Windows_x.pdf"),
        ("a\x00b\n.pdf", "a_b_.pdf"),
        ("fdp.\u202eexe", "fdp._exe"),
        ("...", "Datei"),
        ("", "Datei"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_a_file_name_has_no_folders(given_name: str, name: str) -> None:
    assert clean_file_name(given_name) == name


@given(st.dictionaries(st.sampled_from(["msgtype", "body", "filename", "file", "info"]), JSON))
def test_any_content_is_read(content: dict[str, Any]) -> None:
    assert sendable(content | {"msgtype": "m.file"}) is None


@given(st.text(max_size=300))
def test_any_name_becomes_a_base_name(given_name: str) -> None:
    name = clean_file_name(given_name)
    assert name
    assert not set(name) & set('/\\:\x00\n"')
    assert name not in {".", ".."}
    assert len(name) <= 100
