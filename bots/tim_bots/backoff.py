"""How long to wait before trying again."""

import random
from collections.abc import Iterator

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 60.0


def delays(first: float = _FIRST_SECONDS, longest: float = _LONGEST_SECONDS) -> Iterator[float]:
    """Endless waiting times in seconds, doubling up to `longest`, each with full jitter above its half."""
    delay = first
    while True:
        yield random.uniform(delay / 2, delay)  # noqa: S311 - jitter, no secret
        delay = min(2 * delay, longest)
