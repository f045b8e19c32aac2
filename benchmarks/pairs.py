"""Comparing servers that were asked in turn: ratios of pairs, since the machine is never quiet for long."""

import random
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

_RESAMPLES = 4000
_SEED = 1
_WARM_UP = 30

_Subject = TypeVar("_Subject")
Times = Mapping[str, list[float]]
"""Seconds by server name; the i-th of each were taken in one round."""


async def in_turn(
    subjects: Mapping[str, _Subject],
    rounds: int,
    operation: Callable[[_Subject], Awaitable[float]],
    *,
    warm_up: int = _WARM_UP,
) -> Times:
    """Time `operation`, which returns seconds, on each server once per round, in an order drawn anew each time."""
    times: dict[str, list[float]] = {name: [] for name in subjects}
    order = list(subjects)
    for number in range(-warm_up, rounds):
        random.shuffle(order)
        for name in order:
            seconds = await operation(subjects[name])
            if number >= 0:
                times[name].append(seconds)
    return times


@dataclass(frozen=True, slots=True)
class Ratio:
    """Median of the ratios of pairs, with the 95 % interval of the bootstrap."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def shows_no_cost(self) -> bool:
        """The interval includes 1.00 or lies below 1.02."""
        return self.low <= 1.0 or self.high < 1.02  # noqa: PLR2004 - the docstring


def paired_ratio(subject: Sequence[float], control: Sequence[float]) -> Ratio:
    """Ratio of two series of times; the i-th of both were taken right after each other, in random order."""
    ratios = [mine / theirs for mine, theirs in zip(subject, control, strict=True)]
    chance = random.Random(_SEED)  # noqa: S311 - resampling, and the same numbers each time
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(_RESAMPLES))
    margin = int(_RESAMPLES * 0.025)
    return Ratio(statistics.median(ratios), medians[margin], medians[-margin - 1])


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; the larger neighbour, never an average."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
