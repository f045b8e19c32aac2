"""Within a day, and not later."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.profiles import PROFILES, RULES, in_force
from tim_policy.decision import Allow, Decision, Deny, Reason, Refusal
from tim_policy.event import EventFacts, age_of
from tim_policy.profile import ProfileName
from tim_policy.registry import EVENT_RULES, judge
from tim_policy.rules.event_redaction_age import decide

PARAMETERS = in_force(RULES.event_redaction_age)
LATE = Deny("A_28358", Reason.TOO_OLD_TO_REDACT)
DAY = timedelta(hours=24)
DAY_MS = 24 * 60 * 60 * 1000


def judged(age: timedelta | None, redacts: object = "$a", event_type: str = "m.room.redaction") -> Decision:
    return decide(EventFacts(event_type, {}, redacts=redacts, redacted_age=age), PARAMETERS)


@pytest.mark.requirement("A_28358")
@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(timedelta(0), Allow(), id="now"),
        pytest.param(DAY - timedelta(milliseconds=1), Allow(), id="just before"),
        pytest.param(DAY, Allow(), id="exactly a day"),
        pytest.param(DAY + timedelta(milliseconds=1), LATE, id="just after"),
        pytest.param(timedelta.max, LATE, id="for ever"),
        pytest.param(None, Deny("A_28358", Reason.UNKNOWN_EVENT), id="unknown event"),
    ],
)
def test_the_age_decides(age: timedelta | None, expected: Decision) -> None:
    assert judged(age) == expected


@pytest.mark.parametrize("redacts", [None, 7, [], {"event_id": "$a"}, True])
def test_a_redaction_of_nothing_is_unreadable(redacts: object) -> None:
    assert judged(timedelta(0), redacts) == Deny("A_28358", Reason.UNREADABLE_REQUEST)


def test_other_events_are_not_asked() -> None:
    assert judged(None, None, "m.room.message") == Allow()


def test_an_operator_may_shorten_the_day() -> None:
    hour = PARAMETERS.model_copy(update={"max_age": timedelta(hours=1)})
    facts = EventFacts("m.room.redaction", {}, redacts="$a", redacted_age=timedelta(hours=2))
    assert decide(facts, hour) == LATE


@pytest.mark.parametrize("name", ProfileName)
def test_the_limit_came_with_1_2(name: ProfileName) -> None:
    facts = EventFacts("m.room.redaction", {}, redacts="$a", redacted_age=2 * DAY)
    decision = judge(EVENT_RULES, PROFILES[name].rules, facts)
    late = Deny("A_28358", Reason.TOO_OLD_TO_REDACT, Refusal(403, "M_FORBIDDEN"))
    assert decision == (late if name.endswith("1.2") else Allow())


@pytest.mark.parametrize(
    ("received", "said", "age"),
    [
        pytest.param(0, None, DAY, id="own event: when it was taken"),
        pytest.param(DAY_MS - 5, 0, DAY, id="late delivery does not make it younger"),
        pytest.param(0, DAY_MS, DAY, id="dated ahead does not make it younger"),
        pytest.param(0, 2 * DAY_MS, DAY, id="dated into the future"),
        pytest.param(2 * DAY_MS, None, timedelta(0), id="a clock that went back"),
    ],
)
def test_what_counts_as_age(received: int, said: int | None, age: timedelta) -> None:
    assert age_of(DAY_MS, received, said) == age


@given(st.integers(0, 10**13), st.integers(0, 10**13), st.none() | st.integers(-(10**13), 10**14))
def test_nobody_makes_an_event_younger(now: int, received: int, said: int | None) -> None:
    assert age_of(now, received, said) >= age_of(now, received, None) >= timedelta(0)
