"""What every source of the federation list has in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source said.

    Args:
        document: the list, not verified; None: the version asked about is the newest.
        confirmed_at: the instant for which the source vouches.
    """

    document: bytes | None
    confirmed_at: datetime


class Source(Protocol):
    """A place to get the list from. `kind` is its key in the configuration."""

    kind: str

    async def fetch(self, known_version: int | None) -> Fetched:
        """The newest list; `known_version` None: there is none yet.

        Raises:
            Unavailable: the source does not answer as agreed.
        """
