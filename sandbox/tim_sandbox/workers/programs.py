"""Where PostgreSQL and Redis are installed; no service of the distribution is used, only its programs."""

import os
import shutil
from pathlib import Path

from tim_sandbox.errors import MissingProgram

SERVICE_USER = "postgres"
"""Runs PostgreSQL when the sandbox itself runs as root, which PostgreSQL refuses."""

_DEBIAN = Path("/usr/lib/postgresql")


def find_program(name: str) -> str:
    """Path of a program, looked up in PATH and where Debian puts PostgreSQL (the newest version wins).

    Raises:
        MissingProgram: it is not installed.
    """
    by_version = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=_version, reverse=True)
    path = shutil.which(name) or next(map(str, by_version), None)
    if path is None:
        raise MissingProgram(f"{name}: not found; on Debian: apt-get install postgresql redis-server")
    return path


def require_programs() -> None:
    """Refuse to start without the programs.

    Raises:
        MissingProgram: names the first one that is absent.
    """
    for name in ("initdb", "postgres", "redis-server"):
        find_program(name)


def service_user() -> str | None:
    """The user PostgreSQL has to run as; None: as ourselves."""
    return SERVICE_USER if os.geteuid() == 0 else None


def _version(path: Path) -> int:
    version = path.parts[-3]
    return int(version) if version.isdecimal() else 0
