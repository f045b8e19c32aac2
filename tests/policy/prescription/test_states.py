"""The table of a prescription request: complete, deterministic, without dead ends; late messages change nothing."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.transitions import reachable
from tim_policy.prescription.states import ANSWERS, FINAL, INITIAL, TRANSITIONS, By, Event, NotApplied, State, follow

CARE, PRACTICE, PHARMACY = By.CARE_SERVICE, By.PRACTICE, By.DISPENSING_PHARMACY


def test_it_has_the_size_that_the_source_names() -> None:
    assert len(State) == 13
    assert len(TRANSITIONS) == 42
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_every_state_is_reached_and_every_state_can_end() -> None:
    assert reachable(INITIAL, TRANSITIONS) == set(State)
    for state in State:
        assert reachable(state, TRANSITIONS) & FINAL, state


def test_nothing_happens_to_what_is_over() -> None:
    for state, event, by in product(FINAL, Event, By):
        assert isinstance(follow(state, event, by), NotApplied)


def test_nobody_does_what_is_the_other_sides() -> None:
    for (state, event), row in TRANSITIONS.items():
        for by in By:
            assert follow(state, event, by) == (row.to if by in row.by else NotApplied.OTHER_SIDE)


def test_only_a_practice_answers_and_only_a_pharmacy_dispenses() -> None:
    for (_, event), row in TRANSITIONS.items():
        if event in ANSWERS or row.to is State.DECLINED:
            assert row.by == {PRACTICE}
        if event in {Event.DISPENSED, Event.DISPENSE_DECLINED}:
            assert row.by == {PHARMACY}


def test_only_a_care_service_passes_a_token_on() -> None:
    assert all(
        row.by == {CARE} for row in TRANSITIONS.values() if row.to is State.WITH_PHARMACY and By.BOT not in row.by
    )


@pytest.mark.parametrize(
    ("state", "event", "by", "applied", "expected"),
    [
        # crossing messages
        (State.TOKEN_HELD, Event.CANCEL, CARE, Event.CONFIRM, State.UNDO_WANTED),
        (State.CANCELLED, Event.CONFIRM, PRACTICE, Event.CANCEL, NotApplied.CONFLICT),
        (State.CANCELLED, Event.DECLINE, PRACTICE, Event.CANCEL, NotApplied.CONFLICT),
        (State.PATIENT_HOLDS, Event.CANCEL, CARE, Event.CONFIRM_PATIENT, NotApplied.URGENT_TEXT),
        (State.WITH_PHARMACY, Event.CANCEL, CARE, Event.CONFIRM, NotApplied.URGENT_TEXT),
        # duplicates
        (State.TOKEN_HELD, Event.CONFIRM, PRACTICE, Event.CONFIRM, NotApplied.REPEATED),
        (State.WITH_PHARMACY, Event.CONFIRM, PRACTICE, Event.CONFIRM, NotApplied.REPEATED),
        (State.DECLINED, Event.DECLINE, PRACTICE, Event.DECLINE, NotApplied.REPEATED),
        (State.CANCELLED, Event.CANCEL, CARE, Event.CANCEL, NotApplied.REPEATED),
        (State.UNDO_WANTED, Event.CANCEL, CARE, Event.CANCEL, NotApplied.REPEATED),
        (State.CLOSED, Event.DISPENSED, PHARMACY, Event.DISPENSED, NotApplied.REPEATED),
        # a second, different answer; the same answer with another token
        (State.TOKEN_HELD, Event.DECLINE, PRACTICE, Event.CONFIRM, NotApplied.CONFLICT),
        (State.DECLINED, Event.CONFIRM, PRACTICE, Event.DECLINE, NotApplied.CONFLICT),
        (State.TOKEN_HELD, Event.CONFIRM, PRACTICE, None, NotApplied.CONFLICT),
        (State.CLOSED, Event.DISPENSE_DECLINED, PHARMACY, Event.DISPENSED, NotApplied.CONFLICT),
        (State.TOKEN_HELD, Event.DISPENSED, PHARMACY, Event.CONFIRM, NotApplied.CONFLICT),
        # from the wrong side, or out of the blue
        (State.TOKEN_HELD, Event.CONFIRM, PHARMACY, None, NotApplied.UNKNOWN),
        (State.OPEN, Event.CONFIRM, PHARMACY, None, NotApplied.OTHER_SIDE),
        (State.OPEN, Event.CONFIRM, CARE, None, NotApplied.OTHER_SIDE),
        (State.OPEN, Event.DISPENSED, PHARMACY, None, NotApplied.UNKNOWN),
        (State.DRAFT, Event.CONFIRM, PRACTICE, None, NotApplied.UNKNOWN),
        (State.DECLINED, Event.CANCEL, CARE, Event.DECLINE, NotApplied.UNKNOWN),
    ],
)
def test_messages_that_cross_repeat_or_come_late(
    state: State, event: Event, by: By, applied: Event | None, expected: State | NotApplied
) -> None:
    assert follow(state, event, by, frozenset() if applied is None else frozenset({applied})) == expected


@given(st.lists(st.tuples(st.sampled_from(Event), st.sampled_from(By)), max_size=60))
def test_any_sequence_of_events_ends_in_a_state_and_never_leaves_an_end(events: list[tuple[Event, By]]) -> None:
    state, applied = INITIAL, frozenset[Event]()
    for event, by in events:
        after = follow(state, event, by, applied)
        if isinstance(after, State):
            assert state not in FINAL
            state, applied = after, applied | {event}


@given(st.sampled_from(State), st.sampled_from(sorted(ANSWERS)), st.sampled_from(By))
def test_an_answer_counts_once(state: State, event: Event, by: By) -> None:
    after = follow(state, event, by)
    if isinstance(after, State):
        for second in ANSWERS:
            again = follow(after, second, by, frozenset({event}))
            assert again is (NotApplied.REPEATED if second is event else NotApplied.CONFLICT)
