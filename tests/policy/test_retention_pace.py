"""The janitor slows down when users wait, and only then."""

from hypothesis import given
from hypothesis import strategies as st

from tim_policy.retention_pace import ACCEPTABLE_LAG, LONGEST_PAUSE, SHORTEST_PAUSE, next_pause

SECONDS = st.floats(min_value=0, max_value=60)


@given(pause=SECONDS, took=SECONDS, lag=SECONDS)
def test_a_pause_is_never_shorter_than_the_work_nor_endless(pause: float, took: float, lag: float) -> None:
    found = next_pause(pause, took, lag)
    assert min(max(took, SHORTEST_PAUSE), LONGEST_PAUSE) <= found <= LONGEST_PAUSE


def test_a_busy_loop_doubles_the_pause_until_it_is_free_again() -> None:
    pause = SHORTEST_PAUSE
    for _ in range(20):
        pause = next_pause(pause, 0.01, ACCEPTABLE_LAG * 2)
    assert pause == LONGEST_PAUSE
    for _ in range(20):
        pause = next_pause(pause, 0.01, 0.001)
    assert pause == SHORTEST_PAUSE
