"""What tests ask of any table of states."""

from collections.abc import Mapping
from typing import Any, TypeVar

from tim_policy.transition import Transition

State = TypeVar("State")
Event = TypeVar("Event")


def reachable(start: State, transitions: Mapping[tuple[State, Event], Transition[Any, State]]) -> set[State]:
    """Every state that some events lead to from `start`, itself included."""
    seen, todo = {start}, [start]
    while todo:
        state = todo.pop()
        found = {row.to for (origin, _), row in transitions.items() if origin is state} - seen
        seen |= found
        todo += found
    return seen
