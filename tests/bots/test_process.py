"""How a bot process ends when something goes wrong."""

import pytest

from tim_bots.matrix_http import TokenRevoked
from tim_bots.process import explain_end


def raised() -> Exception:
    rooms: dict[str, str] = {}
    try:
        rooms["!canary:a.test"]
    except KeyError as error:
        return error
    raise AssertionError("unreachable")


def test_a_foreseen_fault_is_told_even_among_others() -> None:
    group = ExceptionGroup("tasks", [KeyError("x"), ExceptionGroup("rooms", [TokenRevoked()])])
    assert isinstance(explain_end(group), TokenRevoked)


@pytest.mark.parametrize("error", [raised(), ExceptionGroup("canary", [raised()])])
def test_an_unforeseen_fault_is_told_by_class_and_place_only(error: Exception) -> None:
    text = str(explain_end(error))
    assert "KeyError at test_process.py:" in text
    assert "canary" not in text
