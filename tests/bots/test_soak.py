"""The short form of `make soak`: killed at random, the bot loses nothing and says nothing twice."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.bots_soak import soak

from tim_sandbox.homeserver_client import HomeserverClient


async def test_sixty_requests_and_eight_kills(
    homeserver: HomeserverClient, tmp_path: Path, new_base_port: Callable[[], int]
) -> None:
    run = await soak(homeserver, tmp_path, new_base_port(), requests=60, kills=8, seed=11)
    assert run.is_clean, run
