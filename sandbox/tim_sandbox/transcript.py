"""The transcript of a scenario: what people wrote, what was checked, how long it took."""

import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tim_policy.errors import TimError

_WIDTH = 104
_INDENT = "     "


class Unexpected(TimError):
    """The federation did something else than the story says."""


class StoryFailed(TimError):
    """A step failed, so the rest of the story cannot be told."""


def expect(is_true: bool, otherwise: str) -> None:
    """Check one thing.

    Raises:
        Unexpected: with the text `otherwise`, when it is not true.
    """
    if not is_true:
        raise Unexpected(otherwise)


class Transcript:
    """Writes the transcript line by line while the scenario plays.

    Args:
        echo: shows one line.
    """

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo = echo
        self._written: list[str] = []
        self.passed = 0
        self.failed = 0

    @contextmanager
    def story(self, title: str) -> Iterator[None]:
        """One story; when a step of it fails, the next story goes on."""
        self._echo(f"\n{title}")
        try:
            yield
        except StoryFailed:
            return

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """One step with its outcome and seconds, followed by what was written meanwhile.

        Raises:
            StoryFailed: the step raised an expected fault; it is shown.
        """
        began = time.monotonic()
        try:
            yield
        except TimError as error:
            self.failed += 1
            self._show(f"  ✗ {text}: {error}")
            raise StoryFailed(text) from None
        except TimeoutError:
            self.failed += 1
            self._show(f"  ✗ {text}: took too long")
            raise StoryFailed(text) from None
        self.passed += 1
        self._show(f"  ✓ {text:<88} {time.monotonic() - began:5.2f} s")

    def message(self, speaker: str, text: str) -> None:
        """What somebody wrote in a room, wrapped."""
        head = f"{_INDENT}{speaker}: "
        for line in text.splitlines():
            self._written.append(textwrap.fill(line, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head)))
            head = " " * len(head)

    def _show(self, line: str) -> None:
        for text in (line, *self._written):
            self._echo(text)
        self._written.clear()

    def verdict(self) -> bool:
        """Show the sum; whether every step passed, and there was at least one."""
        is_good = self.failed == 0 and self.passed > 0
        self._echo(f"\n{'✓' if is_good else '✗'} {self.passed} steps passed, {self.failed} failed")
        return is_good
