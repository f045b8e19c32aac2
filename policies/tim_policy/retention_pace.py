"""How fast the janitor may work: users come first, and the event loop's delay says whether they wait."""

SHORTEST_PAUSE = 0.02
LONGEST_PAUSE = 5.0
ACCEPTABLE_LAG = 0.05
"""Seconds. An idle reactor wakes up within a few milliseconds."""


def next_pause(pause: float, took: float, lag: float) -> float:
    """The pause after the next batch, in seconds.

    Args:
        pause: the pause that was just made.
        took: how long the batch before it took.
        lag: by how much the pause became longer than asked for: the time the event loop was busy.
    """
    # Half of the time at most: a slow database gets longer pauses.
    wanted = max(took, SHORTEST_PAUSE)
    if lag > ACCEPTABLE_LAG:
        return min(max(pause * 2, wanted), LONGEST_PAUSE)
    return min(max(pause / 2, wanted), LONGEST_PAUSE)
