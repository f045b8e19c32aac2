"""Lets a homeserver of a test live faster: a Synapse module that only exists here, so that no product has the switch.

Everything in Synapse and in tim_synapse asks the reactor for the time. This moves the reactor's time by what a file
says, so that every timer, Synapse's own jobs included, fires as if the days had passed.
"""

from pathlib import Path
from typing import Any

from synapse.module_api import ModuleApi
from twisted.internet import reactor

_POLL_SECONDS = 0.1


class ShiftedClock:
    """To be the first of Synapse's `modules`; `config` is `{"file": PATH}`, the file holds seconds."""

    def __init__(self, config: Any, api: ModuleApi) -> None:
        """See `parse_config`."""

    @staticmethod
    def parse_config(config: Any) -> None:
        """Shift the time before Synapse asks for it the first time."""
        moved: Any = reactor
        file, real = Path(config["file"]), moved.seconds
        offset = float(file.read_text())
        moved.seconds = lambda: real() + offset

        def read_again() -> None:
            nonlocal offset
            offset = float(file.read_text() or offset)
            moved.callLater(_POLL_SECONDS, read_again)

        moved.callWhenRunning(read_again)


def write_offset(file: Path, seconds: float) -> None:
    """For the test: replaces the file in one step, so that no process reads half of it."""
    draft = file.with_suffix(".new")
    draft.write_text(str(seconds))
    draft.replace(file)
