"""Matrix addresses in every notation become one form, or are refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.directory.address import matrix_to, matrix_uri, read_address
from tim_policy.errors import InvalidName
from tim_policy.names import UserId, parse_server_name

LOCALPART = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=":"), min_size=1, max_size=60
).filter(lambda name: not name.startswith("@"))  # refused in links: perhaps a sigil too many
SERVER = st.sampled_from(["praxis.tim.test", "praxis.tim.test:8448", "192.0.2.7:80", "[2001:db8::1]:8448"])
USER_IDS = st.builds(lambda name, server: UserId(name, parse_server_name(server)), LOCALPART, SERVER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@anna:pflege.tim.test", "@anna:pflege.tim.test"),
        ("  @anna:pflege.tim.test\n", "@anna:pflege.tim.test"),
        ("@anna:PFLEGE.tim.test", "@anna:pflege.tim.test"),
        ("@anna:pflege.tim.test:8448", "@anna:pflege.tim.test:8448"),
        ("@Anna:pflege.tim.test", "@Anna:pflege.tim.test"),
        ("@a%40b:pflege.tim.test", "@a%40b:pflege.tim.test"),
        ("%40anna%3apflege.tim.test", "@anna:pflege.tim.test"),
        ("%40anna:pflege.tim.test", "@anna:pflege.tim.test"),
        ("matrix:u/anna:pflege.tim.test", "@anna:pflege.tim.test"),
        ("MATRIX:U/anna:Pflege.TIM.test", "@anna:pflege.tim.test"),
        ("matrix:user/anna:pflege.tim.test", "@anna:pflege.tim.test"),
        ("matrix:u/anna:pflege.tim.test?action=chat&via=x", "@anna:pflege.tim.test"),
        ("matrix:u/a%2Fb:pflege.tim.test", "@a/b:pflege.tim.test"),
        ("matrix:u/anna%3Apflege.tim.test", "@anna:pflege.tim.test"),
        ("matrix:u/1-1tst-auto-ts-ow2:tim.test.gematik.de", "@1-1tst-auto-ts-ow2:tim.test.gematik.de"),
        ("https://matrix.to/#/@anna:pflege.tim.test", "@anna:pflege.tim.test"),
        ("https://matrix.to/#/%40anna%3Apflege.tim.test?via=x", "@anna:pflege.tim.test"),
    ],
)
def test_notations(text: str, expected: str) -> None:
    assert str(read_address(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "@",
        "anna",
        "anna:pflege.tim.test",
        "@anna",
        "@:pflege.tim.test",
        "@anna:",
        "@anna:pflege.tim.test:0",
        "@anna:pflege..test",
        "@ännа:pflege.tim.test",
        "@anna\u200b:pflege.tim.test",
        "@an na:pflege.tim.test",
        "matrix:r/raum:pflege.tim.test",
        "matrix:roomid/raum:pflege.tim.test",
        "matrix:u/raum:pflege.tim.test/e/event",
        "matrix:u/a/b:pflege.tim.test",
        "matrix:u/@anna:pflege.tim.test",
        "matrix:u/%40anna:pflege.tim.test",
        "matrix://evil.test/u/anna:pflege.tim.test",
        "matrix:u/anna%00:pflege.tim.test",
        "matrix:u/%C3%A4:pflege.tim.test",
        "matrix:u/%FF:pflege.tim.test",
        "%2540anna:pflege.tim.test",
        "https://matrix.to/#/!raum:pflege.tim.test",
        "https://matrix.to/#/@anna:pflege.tim.test/x",
        "https://matrix.to.evil.test/#/@anna:pflege.tim.test",
        "http://matrix.to/#/@anna:pflege.tim.test",
        "mailto:anna@pflege.tim.test",
        "@" + "a" * 300 + ":pflege.tim.test",
        "matrix:u/" + "a" * 4000,
    ],
)
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(InvalidName):
        read_address(text)


@given(USER_IDS)
def test_every_user_id_survives_every_notation(user_id: UserId) -> None:
    assert read_address(str(user_id)) == user_id
    assert read_address(matrix_uri(user_id)) == user_id
    assert read_address(matrix_to(user_id)) == user_id


@given(USER_IDS, USER_IDS)
def test_two_accounts_never_share_an_address(one: UserId, other: UserId) -> None:
    assert (matrix_uri(one) == matrix_uri(other)) is (one == other)


@given(st.text(max_size=80))
def test_total(text: str) -> None:
    with contextlib.suppress(InvalidName):
        assert isinstance(read_address(text), UserId)
