"""The list as a file that something else keeps up to date."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from tim_policy.federation_trust import MAX_DOCUMENT_BYTES
from tim_synapse.http_exchange import Unavailable
from tim_synapse.list_source import Fetched


class FileSource:
    """Reads the file each time; its time stamp is when the list was confirmed.

    Args:
        path: of the file.
        now: the clock; timezone-aware.
        in_thread: calls a function off the reactor thread.
    """

    kind = "file"

    def __init__(
        self,
        path: Path,
        now: Callable[[], datetime],
        in_thread: Callable[[Callable[[], tuple[bytes, float]]], Awaitable[tuple[bytes, float]]],
    ) -> None:
        self._path = path
        self._now = now
        self._in_thread = in_thread

    async def fetch(self, known_version: int | None) -> Fetched:  # noqa: ARG002 - a file knows no versions
        """The file; a time stamp in the future counts as now.

        Raises:
            Unavailable: it cannot be read.
        """
        try:
            document, modified = await self._in_thread(self._read)
        except OSError as error:
            raise Unavailable(f"the source file cannot be read ({error.strerror})") from None
        return Fetched(document, min(self._now(), datetime.fromtimestamp(modified, UTC)))

    def _read(self) -> tuple[bytes, float]:
        with self._path.open("rb") as file:
            return file.read(MAX_DOCUMENT_BYTES + 1), self._path.stat().st_mtime
