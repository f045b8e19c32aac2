"""A Redis on loopback that stores nothing: Synapse's processes talk through it."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tim_sandbox.processes import Supervisor, accepts_connections
from tim_sandbox.state import write_secret
from tim_sandbox.workers.programs import find_program

REDIS = "Redis"

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Redis:
    """One Redis.

    Args:
        directory: its own; holds the configuration with the password.
        port: on loopback.
        password: asked of every client.
    """

    directory: Path
    port: int
    password: str

    async def start(self, supervisor: Supervisor) -> None:
        """Start it and wait until it listens.

        Raises:
            PartFailed: it does not start.
        """
        self.directory.mkdir(exist_ok=True)
        config = self.directory / "redis.conf"
        lines = [
            f"bind {_HOST}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.directory}"',
            'save ""',
            "appendonly no",
        ]
        write_secret(config, "\n".join(lines) + "\n")
        await supervisor.start(REDIS, [find_program("redis-server"), str(config)])
        await supervisor.wait_until_ready(REDIS, lambda: accepts_connections(self.port))

    def settings(self) -> dict[str, Any]:
        """The `redis` block of homeserver.yaml."""
        return {"enabled": True, "host": _HOST, "port": self.port, "password": self.password}


def new_redis(directory: Path, port: int) -> Redis:
    """A Redis with a fresh password."""
    return Redis(directory, port, secrets.token_urlsafe(16))
