"""Matrix identifiers: the parsers are total and fold only what DNS folds."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.errors import InvalidName
from tim_policy.names import parse_server_name, parse_user_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("praxis.tim.test", "praxis.tim.test"),
        ("PRAXIS.Tim.Test", "praxis.tim.test"),
        ("praxis.tim.test:8448", "praxis.tim.test:8448"),
        ("localhost", "localhost"),
        ("xn--praxis-mller-llb.de", "xn--praxis-mller-llb.de"),
        ("127.0.0.1:8448", "127.0.0.1:8448"),
        ("[2001:db8::1]:8448", "[2001:db8::1]:8448"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("a" * 63 + ".de", "a" * 63 + ".de"),
    ],
)
def test_a_server_name_is_read_in_lower_case_with_its_port(text: str, expected: str) -> None:
    assert parse_server_name(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("praxis.tim.test.", id="trailing dot"),
        pytest.param(".praxis.tim.test", id="leading dot"),
        pytest.param("praxis..test", id="empty label"),
        pytest.param("praxis.tim.test:", id="port missing"),
        pytest.param("praxis.tim.test:0", id="port zero"),
        pytest.param("praxis.tim.test:65536", id="port too large"),
        pytest.param("praxis.tim.test:８４４８", id="fullwidth digits"),
        pytest.param("praxis.tim.test\n", id="newline at the end"),
        pytest.param("praxis.tim.test\0.evil", id="embedded NUL"),
        pytest.param("praxis tim.test", id="blank"),
        pytest.param("prаxis.tim.test", id="cyrillic homoglyph"),
        pytest.param("müller.de", id="umlaut not in its xn-- form"),
        pytest.param("256.1.1.1", id="no IPv4 address"),
        pytest.param("2001:db8::1", id="IPv6 without brackets"),
        pytest.param("[2001:db8:::1]", id="no IPv6 address"),
        pytest.param("[::1", id="bracket left open"),
        pytest.param("-praxis.test", id="label starts with a hyphen"),
        pytest.param("a" * 64 + ".de", id="label too long"),
        pytest.param("a." * 127 + "de", id="256 characters"),
        pytest.param("praxis.tim.test/..", id="path"),
        pytest.param("user@praxis.tim.test", id="user info"),
        pytest.param(None, id="null"),
        pytest.param(7, id="number"),
        pytest.param(["praxis.tim.test"], id="array"),
    ],
)
def test_what_is_no_server_name_is_refused(text: object) -> None:
    with pytest.raises(InvalidName):
        parse_server_name(text)


def test_a_user_id_keeps_its_localpart_and_folds_its_server() -> None:
    user_id = parse_user_id("@Anna.Berger+x=/:PFLEGE.tim.test:8448")
    assert (user_id.localpart, user_id.server_name) == ("Anna.Berger+x=/", "pflege.tim.test:8448")
    assert str(user_id) == "@Anna.Berger+x=/:pflege.tim.test:8448"


@pytest.mark.parametrize(
    "text",
    [
        "anna:praxis.tim.test",
        "@anna",
        "@:praxis.tim.test",
        "@anna:",
        "@anna praxis:praxis.tim.test",
        "@änna:praxis.tim.test",
        "@anna\u202e:praxis.tim.test",
        "@" + "a" * 250 + ":praxis.tim.test",
        "@anna:praxis.tim.test ",
        None,
        {},
    ],
)
def test_what_is_no_user_id_is_refused(text: object) -> None:
    with pytest.raises(InvalidName):
        parse_user_id(text)


@given(st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text()), st.text(alphabet="@:.[]a1-\x00é\ud800")))
def test_parsers_are_total_and_stable(value: object) -> None:
    for parse in (parse_server_name, parse_user_id):
        with contextlib.suppress(InvalidName):
            parsed = parse(value)
            assert parse(str(parsed)) == parsed
