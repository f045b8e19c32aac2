"""Only text that every database and terminal takes is stored."""

import pytest

from tim_policy.plain_text import is_plain_text


@pytest.mark.parametrize("text", ["a", "Weber, Thomas", "Praxis Dr. Müller-Lüdenscheidt", "李", "👩\u200d⚕️"])
def test_ordinary_names_are_plain(text: str) -> None:
    assert is_plain_text(text, 30)


@pytest.mark.parametrize("text", ["", "a" * 31, "a\x00", "a\nb", "\x7f", "\x9b31m", "\ud800", None, 7, ["a"], b"a"])
def test_everything_else_is_not(text: object) -> None:
    assert not is_plain_text(text, 30)
