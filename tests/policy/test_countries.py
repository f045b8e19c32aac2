"""Country codes: what an operator may write, and what foreign data is read as."""

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.countries import ISO_3166_1, UNREADABLE, parse_country, read_country
from tim_policy.errors import ConfigError


def test_the_table_holds_every_assigned_code() -> None:
    # CLDR's alphabetic territories minus the reserved and user-assigned codes are the assigned ones.
    territories = {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()}
    not_assigned = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
    assert territories - not_assigned == ISO_3166_1
    assert len(ISO_3166_1) == 249


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        pytest.param("de", "did you mean DE?", id="lower case"),
        pytest.param("De", "did you mean DE?", id="mixed case"),
        pytest.param("UK", "did you mean GB?", id="the United Kingdom is GB"),
        pytest.param("EL", "did you mean GR?", id="Greece is GR"),
        pytest.param("EU", "did you mean a member state, e.g. DE?", id="the EU is no country"),
        pytest.param("XK", "e.g. DE", id="user-assigned"),
        pytest.param("ZZ", "e.g. DE", id="unknown territory"),
        pytest.param("ДЕ", "e.g. DE", id="Cyrillic"),
        pytest.param("ＤＥ", "e.g. DE", id="full width"),
        pytest.param("DE ", "e.g. DE", id="blank"),
        pytest.param("DEU", "e.g. DE", id="alpha-3"),
        pytest.param("Germany", "e.g. DE", id="name"),
        pytest.param("", "e.g. DE", id="empty"),
        pytest.param(None, "e.g. DE", id="nothing"),
        pytest.param(276, "e.g. DE", id="numeric code"),
        pytest.param(["DE"], "e.g. DE", id="list"),
        pytest.param(False, "put the country code in quotes: 'NO'", id="Norway in YAML 1.1"),
    ],
)
def test_an_operator_writes_assigned_codes_only(value: object, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_country(value)
    assert hint in str(caught.value)


@pytest.mark.parametrize("code", sorted(ISO_3166_1))
def test_every_assigned_code_is_accepted(code: str) -> None:
    assert parse_country(code) == code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("XK", "XK"),
        ("EU", "EU"),
        ("ДЕ", UNREADABLE),
        ("ıs", UNREADABLE),  # upper() would make IS of it: Iceland
        ("ﬁ", UNREADABLE),  # upper() would make FI of it: Finland
        ("ß", UNREADABLE),
        ("Deutschland", UNREADABLE),
        ("D", UNREADABLE),
        ("DE\n", UNREADABLE),
        ("D\x00", UNREADABLE),
        ("", UNREADABLE),
        (None, UNREADABLE),
        (False, UNREADABLE),
        ({"iso_code": "DE"}, UNREADABLE),
    ],
)
def test_foreign_data_is_two_ascii_letters_or_unreadable(value: object, expected: str) -> None:
    assert read_country(value) == expected


@given(st.one_of(st.text(), st.none(), st.integers(), st.booleans(), st.lists(st.text())))
def test_reading_is_total_and_never_makes_a_letter_of_another_script_ours(value: object) -> None:
    country = read_country(value)
    assert country == UNREADABLE or (isinstance(value, str) and country == value.upper() and value.isascii())
