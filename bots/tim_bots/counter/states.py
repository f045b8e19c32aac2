"""How far a case is, and what may be done with it. Pure."""

import enum
from dataclasses import dataclass, replace

from tim_bots.counter.case import Member


class State(enum.StrEnum):
    """Of a case at the counter."""

    OPEN = "open"
    """Nobody has taken it."""
    CLAIMED = "claimed"
    """One member works on it."""
    ASKED = "asked"
    """The member waits for the asker's answer."""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """The asker does not want it any more, or the flow ended it."""


FINAL = frozenset({State.ACCEPTED, State.DECLINED, State.WITHDRAWN})


class Move(enum.StrEnum):
    """What a member, or the asker, does with a case."""

    TAKE = "take"
    RELEASE = "release"
    ASK = "ask"
    HAND_OVER = "hand_over"
    ACCEPT = "accept"
    DECLINE = "decline"
    ANSWER = "answer"
    """Of the asker."""
    WITHDRAW = "withdraw"
    """Of the asker or the flow."""


_BY_ASKER = frozenset({Move.ANSWER, Move.WITHDRAW})
_FOR_DOCTORS = frozenset({Move.ACCEPT, Move.DECLINE})
_AFTERWARDS = {
    Move.TAKE: State.CLAIMED,
    Move.RELEASE: State.OPEN,
    Move.ASK: State.ASKED,
    Move.HAND_OVER: State.OPEN,
    Move.ACCEPT: State.ACCEPTED,
    Move.DECLINE: State.DECLINED,
    Move.WITHDRAW: State.WITHDRAWN,
}


class Hindrance(enum.StrEnum):
    """Why a move is refused; names a text of the catalogue."""

    CLOSED = "counter-is-closed"
    TAKEN = "counter-is-taken"
    ALREADY_YOURS = "counter-is-yours"
    NOT_TAKEN = "counter-is-free"
    FOR_DOCTORS = "counter-is-for-doctors"
    WITH_DOCTOR = "counter-is-with-doctor"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a case is.

    Args:
        state: see `State`.
        claimed_by: key of the member who works on it; None: nobody does.
        needs_doctor: only a doctor may accept or decline.
    """

    state: State
    claimed_by: str | None
    needs_doctor: bool


def move(before: Standing, how: Move, member: Member | None) -> Standing | Hindrance:
    """What becomes of a case.

    Args:
        before: as it is.
        how: what is done.
        member: who does it; None: the asker, who may answer and withdraw only.

    Raises:
        ValueError: a member's move without a member; a fault of the program.
    """
    if (member is None) is not (how in _BY_ASKER):
        raise ValueError(f"{how} by the wrong side of the counter")
    if before.state in FINAL:
        return Hindrance.CLOSED
    if member is None:
        return _asker_moves(before, how)
    if (hindrance := _hindrance(before, how, member)) is not None:
        return hindrance
    keeps_claim = how not in {Move.RELEASE, Move.HAND_OVER}
    return Standing(
        state=_AFTERWARDS[how],
        claimed_by=member.key if keeps_claim else None,
        needs_doctor=before.needs_doctor or how is Move.HAND_OVER,
    )


def _asker_moves(before: Standing, how: Move) -> Standing:
    if how is Move.WITHDRAW:
        return replace(before, state=State.WITHDRAWN)
    return replace(before, state=State.CLAIMED) if before.state is State.ASKED else before


def _hindrance(before: Standing, how: Move, member: Member) -> Hindrance | None:
    is_own = before.claimed_by == member.key
    if how is Move.RELEASE and before.claimed_by is None:
        return Hindrance.NOT_TAKEN
    if before.claimed_by is not None and not is_own and not (how is Move.RELEASE and member.is_doctor):
        return Hindrance.TAKEN
    if how is Move.TAKE and is_own:
        return Hindrance.ALREADY_YOURS
    if how is Move.HAND_OVER and before.needs_doctor:
        return Hindrance.WITH_DOCTOR
    is_reserved = how in _FOR_DOCTORS and before.needs_doctor and not member.is_doctor
    return Hindrance.FOR_DOCTORS if is_reserved else None
