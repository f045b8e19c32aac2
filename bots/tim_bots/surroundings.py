"""What a flow may ask about the account that it speaks for."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Questions that only the running client can answer.

    Args:
        own_device: returns the bot's device id.
    """

    own_device: Callable[[], str]
