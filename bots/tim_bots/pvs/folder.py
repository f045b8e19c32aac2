"""Files that go in and out through folders: whole or not at all, in order, never through a link."""

import os
import re
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tim_policy.errors import ConfigError

SETTLE_SECONDS = 2.0
"""A file that was written to so recently may not be whole yet."""
_NAME = re.compile(r"[^\W_][\w .()+-]{0,119}")
_UNFINISHED = (".tmp", ".part", ".crdownload", "~")
_FILE_MODE = 0o640
_LONGEST_NAME = 100
_CLOCKS_DIFFER = 60.0
"""A file from the future comes from a machine whose clock is wrong, and is not waited for."""


class NotAFile(Exception):
    """It is a link, a device or too large; the text says so in German."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that can be read.

    Args:
        name: base name.
        data: its bytes.
    """

    name: str
    data: bytes


def check_folder(path: Path, key: str) -> None:
    """Raise unless the folder is there and can be used.

    Raises:
        ConfigError: the text says what to do.
    """
    if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(f"{key}: {path} is no folder that the bot may write to; make it, or change its rights")


def write_file(folder: Path, name: str, data: bytes) -> None:
    """Write a file that is on the disk, whole, when its name appears; one of the same name is replaced.

    Raises:
        OSError: it is not written.
    """
    temporary = folder / f".{name}.tmp"
    with suppress(FileNotFoundError):
        temporary.unlink()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(stream.fileno(), _FILE_MODE)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(folder / name)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync(folder)


def waiting(folder: Path, now: float | None = None) -> list[str]:
    """Names of the files that are whole, the oldest first.

    Hidden and unfinished names, and what was written to just now, are left for later; so is everything behind them.
    """
    now = time.time() if now is None else now
    found: list[tuple[int, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                continue
            with suppress(FileNotFoundError):
                if not entry.is_dir(follow_symlinks=False):
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
    settled = [(at, name) for at, name in found if not now - SETTLE_SECONDS < at / 1e9 <= now + _CLOCKS_DIFFER]
    return [name for _, name in sorted(settled)]


def changed_at(folder: Path, name: str) -> int:
    """When a file was last written to, in nanoseconds; 0 if it is gone."""
    try:
        return (folder / name).lstat().st_mtime_ns
    except FileNotFoundError:
        return 0


def read_file(folder: Path, name: str, limit: int) -> Found:
    """Read a file of a folder.

    Args:
        folder: where it lies.
        name: a base name; anything else is refused.
        limit: most bytes.

    Raises:
        NotAFile: see there.
        OSError: it cannot be read.
    """
    if _NAME.fullmatch(name) is None or name in {".", ".."}:
        raise NotAFile("Der Dateiname ist nicht erlaubt.")
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        raise NotAFile("Das ist keine gewöhnliche Datei.") from None
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise NotAFile("Das ist keine gewöhnliche Datei.")
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise NotAFile(f"Die Datei ist größer als {limit // 1024 // 1024} MB.")
    return Found(name, data)


def put_away(folder: Path, name: str, where: str, reason: str | None = None) -> None:
    """Move a file into a sub-folder, under a name that is free there; with a reason file beside it.

    Raises:
        OSError: it is not moved.
    """
    target = folder / where
    target.mkdir(mode=0o770, exist_ok=True)
    free = _free_name(target, name)
    if reason is not None:
        write_file(target, f"{free}.grund.txt", f"{readable(name)}\r\n{reason}\r\n".encode())
    with suppress(FileNotFoundError):  # moved by the process before this one, or taken back by people
        (folder / name).rename(target / free)
    _sync(target)
    _sync(folder)


def readable(name: str) -> str:
    """A name as people can read it, short enough to get an ending."""
    return name.encode("utf-8", "replace").decode()[-_LONGEST_NAME:]


def _free_name(folder: Path, name: str) -> str:
    given = Path(readable(name))
    names = [given.name, *(f"{given.stem}-{number}{given.suffix}" for number in range(2, 10_000))]
    return next(one for one in names if not os.path.lexists(folder / one))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
