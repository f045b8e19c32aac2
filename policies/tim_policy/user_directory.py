"""The facts a hit in the user directory is judged by; gathered by the shell, read by the rules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DirectoryHit:
    """Somebody that a search found.

    Args:
        is_searcher_insured, is_found_insured: belongs to an insurer's homeserver.
        shares_room: both are in a room.
    """

    is_searcher_insured: bool
    is_found_insured: bool
    shares_room: bool
