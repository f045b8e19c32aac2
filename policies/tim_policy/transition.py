"""A row of a table of states: who may bring an event about, and where it leads."""

from dataclasses import dataclass
from typing import Generic, TypeVar

By = TypeVar("By")
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Transition(Generic[By, State]):
    """One row.

    Args:
        by: who may bring it about.
        to: the state afterwards.
    """

    by: frozenset[By]
    to: State
