"""A throw-away PostgreSQL on loopback: UTF8 and C collation, as Synapse demands."""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tim_sandbox.errors import PartFailed
from tim_sandbox.processes import Supervisor, accepts_connections
from tim_sandbox.state import write_secret
from tim_sandbox.workers.programs import find_program, service_user

POSTGRES = "PostgreSQL"

_HOST = "127.0.0.1"
_USER = "synapse"
# Nothing has to survive a power cut. The settings that only trade durability for speed are off.
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "100"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One database cluster.

    Args:
        directory: its own; from `postgres_directory`.
        port: on loopback.
        password: of its only user.
    """

    directory: Path
    port: int
    password: str

    async def start(self, supervisor: Supervisor) -> None:
        """Make the cluster, unless it is there, start it and wait until it listens.

        Raises:
            PartFailed: it cannot be made or does not start.
        """
        data = self.directory / "data"
        if not data.exists():
            await self._initialise(data)
        command = [find_program("postgres"), "-D", str(data), "-p", str(self.port)]
        settings = {"listen_addresses": _HOST, "unix_socket_directories": "", **_SETTINGS}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        await supervisor.start(POSTGRES, command, user=service_user())
        await supervisor.wait_until_ready(POSTGRES, lambda: accepts_connections(self.port))

    def settings(self) -> dict[str, Any]:
        """The `database` block of homeserver.yaml."""
        return {
            "name": "psycopg2",
            "args": {
                "host": _HOST,
                "port": self.port,
                "user": _USER,
                "password": self.password,
                "dbname": "postgres",
                "cp_min": 1,
                "cp_max": 5,
            },
        }

    async def _initialise(self, data: Path) -> None:
        password_file = self.directory / "password"
        write_secret(password_file, self.password)
        _give_away(password_file)
        process = await asyncio.create_subprocess_exec(
            find_program("initdb"),
            *("-D", str(data), "-U", _USER, "--pwfile", str(password_file), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.directory,
            user=service_user(),
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            last = output.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise PartFailed(f"{POSTGRES}: initdb ended with code {process.returncode}; its last line: {last}")


def new_postgres(directory: Path, port: int) -> Postgres:
    """A cluster with a fresh password."""
    return Postgres(directory, port, secrets.token_urlsafe(16))


@contextmanager
def postgres_directory() -> Iterator[Path]:
    """A directory that the user who runs PostgreSQL can reach; removed at the end.

    The directory of a sandbox cannot be it: it is closed to everybody but its owner.
    """
    directory = Path(tempfile.mkdtemp(prefix="tim-sandbox-postgres-"))
    _give_away(directory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _give_away(path: Path) -> None:
    if (user := service_user()) is not None:
        shutil.chown(path, user)
        os.chmod(path, 0o700 if path.is_dir() else 0o600)  # noqa: PTH101 - one call for both kinds
