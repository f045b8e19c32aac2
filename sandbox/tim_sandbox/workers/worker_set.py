"""One homeserver as workers: PostgreSQL and Redis, the main process, five workers, the router in front."""

import asyncio
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tim_sandbox.homeserver import homeserver_command
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.processes import Supervisor, accepts_connections
from tim_sandbox.state import HomeserverState
from tim_sandbox.workers.postgres import POSTGRES, Postgres, new_postgres
from tim_sandbox.workers.redis import REDIS, Redis, new_redis
from tim_sandbox.workers.settings import MAIN, WORKERS, WorkerPorts, shared_settings, worker_command, write_workers


@dataclass(frozen=True, slots=True)
class WorkerSet:
    """The parts of a homeserver on workers.

    The main process is the part named like the server, a worker is `<server_name> <worker>`, and
    `<server_name> router` listens on the homeserver's client port and, with TLS, on its federation port.

    Args:
        server_name: of the homeserver.
        ports: of everything behind the router.
        postgres, redis: what they share.
        replication_secret: proves the processes to each other.
    """

    server_name: str
    ports: WorkerPorts
    postgres: Postgres
    redis: Redis
    replication_secret: str

    @property
    def parts(self) -> list[str]:
        """Part by part as the supervisor knows them, in the order of stopping."""
        return [self._router, *map(self.part, (*WORKERS, MAIN)), REDIS, POSTGRES]

    def part(self, process: str) -> str:
        """The supervisor's name of one Synapse process."""
        return self.server_name if process == MAIN else f"{self.server_name} {process}"

    def settings(self, public_url: str) -> Mapping[str, Any]:
        """Top-level settings that turn a homeserver.yaml into that of a main process."""
        database, redis = self.postgres.settings(), self.redis.settings()
        return shared_settings(self.ports, self.replication_secret, public_url, database, redis)

    def clients(self, http: aiohttp.ClientSession, homeserver: HomeserverState) -> dict[str, HomeserverClient]:
        """Each process by its name, past the router: its health, metrics and its share of the API."""
        return {
            name: HomeserverClient(http, homeserver.model_copy(update={"client_port": port}))
            for name, port in self.ports.http.items()
        }

    async def start_storage(self, supervisor: Supervisor) -> None:
        """Start PostgreSQL and Redis.

        Raises:
            PartFailed: one does not start.
        """
        await asyncio.gather(self.postgres.start(supervisor), self.redis.start(supervisor))

    async def start(
        self, supervisor: Supervisor, http: aiohttp.ClientSession, homeserver: HomeserverState, config: Path
    ) -> None:
        """Start the processes and the router, each ready before what needs it; the storage runs already.

        Args:
            supervisor: owns the processes.
            http: for asking whether they are ready.
            homeserver: ports of the router.
            config: homeserver.yaml with `settings`; the workers' files and the TLS files lie next to it.

        Raises:
            PartFailed: one does not start.
        """
        clients = self.clients(http, homeserver)
        workers = write_workers(config.parent, self.ports)
        # Alone: it makes the schema.
        await supervisor.start(self.part(MAIN), homeserver_command(config))
        await supervisor.wait_until_ready(self.part(MAIN), clients[MAIN].is_healthy)
        for name, file in workers.items():
            await supervisor.start(self.part(name), worker_command(config, file))
        for name in workers:
            await supervisor.wait_until_ready(self.part(name), clients[name].is_healthy)
        await supervisor.start(self._router, self._router_command(homeserver, config.parent))
        await supervisor.wait_until_ready(self._router, lambda: accepts_connections(homeserver.federation_port))

    @property
    def _router(self) -> str:
        return f"{self.server_name} router"

    def _router_command(self, homeserver: HomeserverState, directory: Path) -> Sequence[str]:
        command = [sys.executable, "-m", "tim_sandbox.workers.router", "--tls-directory", str(directory)]
        command += ["--client-port", str(homeserver.client_port)]
        command += ["--federation-port", str(homeserver.federation_port)]
        for name, port in self.ports.http.items():
            command += ["--process", f"{name}={port}"]
        return command


def new_worker_set(server_name: str, first_port: int, directory: Path, postgres_directory: Path) -> WorkerSet:
    """A set with fresh passwords.

    Args:
        server_name: of the homeserver.
        first_port: of `WorkerPorts`.
        directory: for Redis' configuration.
        postgres_directory: from `postgres_directory()`.
    """
    ports = WorkerPorts(first_port)
    return WorkerSet(
        server_name,
        ports,
        new_postgres(postgres_directory, ports.postgres),
        new_redis(directory, ports.redis),
        secrets.token_urlsafe(16),
    )
