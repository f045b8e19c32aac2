"""The moves of a case, as a table and as properties."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.counter.case import Member
from tim_bots.counter.states import FINAL, Hindrance, Move, Standing, State, move

KLAR, OTT = Member("klar", "@klar:a.test", "Frau Klar", is_doctor=False), Member("ott", None, "Ott", is_doctor=False)
WEBER = Member("weber", "@weber:a.test", "Dr. Weber", is_doctor=True)
OPEN = Standing(State.OPEN, None, needs_doctor=False)
BY_ASKER = {Move.ANSWER, Move.WITHDRAW}
MOVES = st.sampled_from([(how, None if how in BY_ASKER else who) for how in Move for who in (KLAR, OTT, WEBER)])


def claimed(state: State = State.CLAIMED, *, needs_doctor: bool = False) -> Standing:
    return Standing(state, "klar", needs_doctor)


@pytest.mark.parametrize(
    ("before", "how", "who", "after"),
    [
        (OPEN, Move.TAKE, KLAR, claimed()),
        (OPEN, Move.RELEASE, KLAR, Hindrance.NOT_TAKEN),
        (OPEN, Move.ASK, KLAR, claimed(State.ASKED)),
        (OPEN, Move.ACCEPT, KLAR, claimed(State.ACCEPTED)),
        (OPEN, Move.DECLINE, KLAR, claimed(State.DECLINED)),
        (OPEN, Move.HAND_OVER, KLAR, Standing(State.OPEN, None, needs_doctor=True)),
        (OPEN, Move.ANSWER, None, OPEN),
        (OPEN, Move.WITHDRAW, None, Standing(State.WITHDRAWN, None, needs_doctor=False)),
        (claimed(), Move.TAKE, KLAR, Hindrance.ALREADY_YOURS),
        (claimed(), Move.TAKE, OTT, Hindrance.TAKEN),
        (claimed(), Move.ACCEPT, OTT, Hindrance.TAKEN),
        (claimed(), Move.ASK, WEBER, Hindrance.TAKEN),
        (claimed(), Move.RELEASE, OTT, Hindrance.TAKEN),
        (claimed(), Move.RELEASE, KLAR, OPEN),
        (claimed(), Move.RELEASE, WEBER, OPEN),
        (claimed(), Move.HAND_OVER, KLAR, Standing(State.OPEN, None, needs_doctor=True)),
        (claimed(State.ASKED), Move.ANSWER, None, claimed()),
        (claimed(State.ASKED), Move.DECLINE, KLAR, claimed(State.DECLINED)),
        (claimed(needs_doctor=True), Move.ACCEPT, KLAR, Hindrance.FOR_DOCTORS),
        (claimed(needs_doctor=True), Move.DECLINE, KLAR, Hindrance.FOR_DOCTORS),
        (claimed(needs_doctor=True), Move.ASK, KLAR, claimed(State.ASKED, needs_doctor=True)),
        (claimed(needs_doctor=True), Move.HAND_OVER, KLAR, Hindrance.WITH_DOCTOR),
    ],
)
def test_a_move_leads_where_the_table_says(
    before: Standing, how: Move, who: Member | None, after: Standing | Hindrance
) -> None:
    assert move(before, how, who) == after


@pytest.mark.parametrize(("state", "how"), list(itertools.product(sorted(FINAL), Move)))
def test_nothing_moves_a_closed_case(state: State, how: Move) -> None:
    assert move(claimed(state), how, None if how in BY_ASKER else KLAR) is Hindrance.CLOSED


@pytest.mark.parametrize(
    ("how", "who"), [*((how, KLAR) for how in sorted(BY_ASKER)), (Move.TAKE, None), (Move.ACCEPT, None)]
)
def test_a_move_of_the_wrong_side_is_a_fault_of_the_program(how: Move, who: Member | None) -> None:
    with pytest.raises(ValueError, match="wrong side"):
        move(OPEN, how, who)


@given(st.lists(MOVES, max_size=12))
def test_a_claimed_case_belongs_to_one_member_until_it_is_given_back(moves: list[tuple[Move, Member | None]]) -> None:
    standing = OPEN
    for how, who in moves:
        after = move(standing, how, who)
        if isinstance(after, Hindrance):
            continue
        if standing.claimed_by is not None and who is not None and who.key != standing.claimed_by:
            assert how is Move.RELEASE
            assert who.is_doctor
        if standing.needs_doctor:
            assert after.needs_doctor
            assert how not in {Move.ACCEPT, Move.DECLINE} or (who is not None and who.is_doctor)
        assert standing.state not in FINAL
        assert (after.claimed_by is None) <= (after.state in {State.OPEN, State.WITHDRAWN})
        assert after.state is not State.OPEN or after.claimed_by is None
        standing = after


@given(st.lists(MOVES, max_size=6))
def test_every_case_can_be_closed_from_wherever_it_is(moves: list[tuple[Move, Member | None]]) -> None:
    standing = OPEN
    for how, who in moves:
        after = move(standing, how, who)
        standing = standing if isinstance(after, Hindrance) else after
    if standing.state not in FINAL:
        if standing.claimed_by not in {None, WEBER.key}:
            given_back = move(standing, Move.RELEASE, WEBER)
            assert isinstance(given_back, Standing)
            standing = given_back
        closed = move(standing, Move.ACCEPT, WEBER)
        assert isinstance(closed, Standing)
        assert closed.state is State.ACCEPTED
