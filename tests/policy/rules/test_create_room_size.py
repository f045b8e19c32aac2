"""createRoom: what does not fit into events makes no room."""

from typing import Any

import pytest

from tests.policy.profiles import RULES, in_force
from tests.policy.rules.rooms import create, initial
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.rules.create_room_size import decide

PARAMETERS = in_force(RULES.create_room_size)
LARGE = "x" * (PARAMETERS.max_event_bytes + 1)


@pytest.mark.parametrize(
    "body",
    [
        {"initial_state": [initial("org.example", {"body": LARGE})]},
        {"initial_state": [initial("org.example", {}, str(i)) for i in range(PARAMETERS.max_events + 1)]},
        {"name": LARGE},
        {"topic": LARGE[: len(LARGE) // 2]},  # stands in its event twice
        {"creation_content": {"org.example": LARGE}},
        {"power_level_content_override": {"org.example": LARGE}},
        {"name": "ü" * (PARAMETERS.max_event_bytes // 2)},
    ],
)
def test_what_is_too_large_is_refused(body: dict[str, Any]) -> None:
    assert decide(create(body), PARAMETERS) == Deny("A_25323-01", Reason.REQUEST_TOO_LARGE)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x" * (PARAMETERS.max_event_bytes - 2)},
        {"initial_state": [initial("org.example", {}, str(i)) for i in range(PARAMETERS.max_events)]},
    ],
)
def test_what_fits_passes(body: dict[str, Any]) -> None:
    assert decide(create(body), PARAMETERS) == Allow()
