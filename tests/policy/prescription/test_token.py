"""Tokens: the exact grammar, and strings that attack it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.prescription.token import Token, code_content, mentions_token, read_code, read_token

CODE = "0123456789abcdef" * 4
TEXT = f"Task/169.000.000.004.711.94/$accept?ac={CODE}"


def _token(number: int) -> Token:
    token = read_token(TEXT.replace("711", f"{number:03}"))
    assert token is not None
    return token


def test_both_forms_are_read_and_written() -> None:
    token = read_token(TEXT)
    assert token is not None
    assert token == read_token(f"/{TEXT}")
    assert (token.for_code, token.for_software) == (TEXT, f"/{TEXT}")


def test_the_access_code_is_not_shown() -> None:
    assert CODE not in repr(_token(1))
    assert CODE not in f"{(_token(1),)}"


ATTACKS = {
    "full URL": f"https://erp.example.org/{TEXT}",
    "path traversal": TEXT.replace("Task/", "Task/../Task/"),
    "newline": f"{TEXT}\n",
    "wrong operation": TEXT.replace("$accept", "$abort"),
    "non-ASCII digits": TEXT.replace("169", "١٦٩"),
    "further parameter": f"{TEXT}&secret=1",
    "upper case and short code": TEXT[:-1].upper(),
    "escaped": TEXT.replace("$", "%24"),
    "markup": TEXT.replace(CODE, f"<b>{CODE[7:]}"),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_attack_strings_are_no_tokens(attack: str) -> None:
    assert read_token(attack) is None
    assert read_code(f'{{"urls":["{attack}"]}}') is None


@pytest.mark.parametrize(
    "code",
    [
        "",
        "[]",
        "null",
        f'["{TEXT}"]',
        '{"urls":[]}',
        '{"urls":"x"}',
        '{"urls":[1]}',
        f'{{"urls":["{TEXT}"],"url":"https://example.org"}}',
        f'{{"urls":["/{TEXT}"]}}',
        f'{{"urls":["{TEXT}","{TEXT}"]}}',
        f'{{"urls":["{TEXT}"]}}' + " " * 600,
        "[" * 599,
        f'{{"urls":["{TEXT}","https://example.org"]}}',
    ],
)
def test_codes_of_another_shape_are_refused(code: str) -> None:
    assert read_code(code) is None


def test_a_code_holds_one_to_three() -> None:
    for count in (1, 2, 3):
        tokens = tuple(_token(number) for number in range(count))
        assert read_code(code_content(tokens)) == tokens
    four = '{"urls":[' + ",".join(f'"{_token(number).for_code}"' for number in range(4)) + "]}"
    assert read_code(four) is None
    for wrong in ((), tuple(_token(number) for number in range(4)), (_token(1), _token(1))):
        with pytest.raises(ValueError, match="token"):
            code_content(wrong)


@given(st.text(max_size=200))
def test_reading_is_total(text: str) -> None:
    token = read_token(text)
    assert token is None or text.removeprefix("/") == token.for_code
    tokens = read_code(text)
    assert tokens is None or len(tokens) <= 3


@pytest.mark.parametrize("text", [TEXT, f"Hier: {CODE.upper()}", " ".join(CODE), "\n".join(TEXT), TEXT[:40], TEXT[30:]])
def test_a_token_in_a_text_is_noticed(text: str) -> None:
    assert mentions_token(text)


@pytest.mark.parametrize(
    "text", ["", "Rezept-ID 169.000.000.004.711.94 ist ausgestellt", "Wir akzeptieren das", "a" * 63]
)
def test_other_texts_hold_no_token(text: str) -> None:
    assert not mentions_token(text)
