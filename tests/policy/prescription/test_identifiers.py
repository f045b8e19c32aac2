"""Identifiers and their check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.prescription.identifiers import is_insured_id, is_pzn, read_prescription_id


def _with_check_digits(number: int) -> str:
    digits = f"{number:015}"
    whole = f"{digits}{98 - int(digits + '00') % 97:02}"
    return f"{whole[:3]}.{whole[3:6]}.{whole[6:9]}.{whole[9:12]}.{whole[12:15]}.{whole[15:]}"


@given(st.integers(0, 10**15 - 1), st.integers(0, 16), st.integers(1, 9))
def test_every_wrong_digit_of_a_prescription_id_is_noticed(number: int, place: int, by: int) -> None:
    text = _with_check_digits(number)
    read = read_prescription_id(text)
    assert read is not None
    assert read.has_good_check_digits
    places = [index for index, digit in enumerate(text) if digit != "."]
    index = places[place]
    wrong = text[:index] + str((int(text[index]) + by) % 10) + text[index + 1 :]
    read = read_prescription_id(wrong)
    assert read is not None
    assert not read.has_good_check_digits


def test_bad_check_digits_warn_only() -> None:
    read = read_prescription_id("169.000.000.004.711.00")
    assert read is not None
    assert not read.has_good_check_digits
    assert read.flow_type == "169"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "169",
        "169.000.000.004.711.9",
        "169.000.000.004.711.944",
        "169.000.000.004.711.94\n",
        "١٦٩.000.000.004.711.94",
    ],
)
def test_other_forms_are_no_prescription_id(text: str) -> None:
    assert read_prescription_id(text) is None


def test_insured_ids() -> None:
    assert is_insured_id("X110000421")
    assert [is_insured_id(f"X11000042{digit}") for digit in range(10)].count(True) == 1
    for wrong in ("", "x110000421", "X11000042", "X1100004210", "X110000421 ", "Ä110000421", "X11000042١"):
        assert not is_insured_id(wrong)


def test_pzn() -> None:
    assert is_pzn("01234562")
    for wrong in ("01234561", "1234562", "012345620", "0123456٢", "", "01234562\n"):
        assert not is_pzn(wrong)
