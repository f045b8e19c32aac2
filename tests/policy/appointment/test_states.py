"""The table of an appointment's life: complete, deterministic, without dead ends."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tests.policy.transitions import reachable
from tim_policy.appointment.states import (
    CANCELLED_BY,
    FHIR_STATUS,
    FINAL,
    INITIAL,
    TRANSITIONS,
    By,
    Event,
    Refused,
    State,
    follow,
)

FHIR_CODES = {
    "proposed",
    "pending",
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
}


def test_it_has_the_size_that_the_source_names() -> None:
    assert len(State) == 12
    assert len(TRANSITIONS) == 26
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_every_state_is_reached_and_every_state_can_end() -> None:
    assert reachable(INITIAL, TRANSITIONS) == set(State)
    for state in State:
        assert reachable(state, TRANSITIONS) & FINAL, state


def test_nothing_happens_to_what_is_over() -> None:
    for state, event, by in product(FINAL, Event, By):
        assert follow(state, event, by) == Refused(is_known=False)


def test_nobody_does_what_is_the_other_sides() -> None:
    for (state, event), row in TRANSITIONS.items():
        for by in By:
            assert follow(state, event, by) == (row.to if by in row.by else Refused(is_known=True))


def test_only_people_of_the_practice_say_that_somebody_did_not_come() -> None:
    to_noshow = [row for row in TRANSITIONS.values() if row.to is State.NOSHOW]
    assert to_noshow
    assert all(row.by == {By.PRACTICE} for row in to_noshow)


def test_only_the_one_who_asked_or_the_practice_cancels() -> None:
    for (_, event), row in TRANSITIONS.items():
        if row.to is State.CANCELLED:
            assert By.BOT not in row.by
            assert CANCELLED_BY[event] == ("pat" if row.by == {By.PATIENT} else "prov")


def test_statuses_are_codes_of_fhir() -> None:
    assert set(FHIR_STATUS) == set(State)
    assert {status for status in FHIR_STATUS.values() if status is not None} <= FHIR_CODES


@given(st.lists(st.tuples(st.sampled_from(Event), st.sampled_from(By)), max_size=40))
def test_any_sequence_of_events_ends_in_a_state_and_never_leaves_an_end(events: list[tuple[Event, By]]) -> None:
    state = INITIAL
    for event, by in events:
        after = follow(state, event, by)
        assert isinstance(after, State | Refused)
        if isinstance(after, State):
            assert state not in FINAL
            state = after


@given(st.sampled_from(sorted(TRANSITIONS)), st.sampled_from(By))
def test_a_duplicate_of_a_change_is_refused_or_changes_nothing(row: tuple[State, Event], by: By) -> None:
    after = follow(*row, by)
    if isinstance(after, State):
        again = follow(after, row[1], by)
        assert isinstance(again, Refused) or again is after or row[1] is Event.SLOT_LOST
