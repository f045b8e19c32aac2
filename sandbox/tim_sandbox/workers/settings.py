"""The configuration of a homeserver that runs as six processes (Synapse documentation, "Workers")."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tim_sandbox.state import write_secret

MAIN = "main"
CLIENT_READER = "client_reader"
FEDERATION_READER = "federation_reader"
MEDIA = "media"
FEDERATION_SENDER = "federation_sender"
BACKGROUND = "background"

_HOST = "127.0.0.1"
_RESOURCES = {
    CLIENT_READER: ["client"],
    FEDERATION_READER: ["federation"],
    MEDIA: ["media"],
    FEDERATION_SENDER: [],
    BACKGROUND: [],
}
WORKERS = tuple(_RESOURCES)
"""The processes beside the main one."""


@dataclass(frozen=True, slots=True)
class WorkerPorts:
    """Loopback ports of the parts, from `first` on; nine of them."""

    first: int

    @property
    def postgres(self) -> int:
        """PostgreSQL."""
        return self.first

    @property
    def redis(self) -> int:
        """Redis."""
        return self.first + 1

    @property
    def replication(self) -> int:
        """Internal HTTP of the main process, for the workers."""
        return self.first + 2

    @property
    def http(self) -> dict[str, int]:
        """HTTP of each process, by its name: its share of the API, health and metrics."""
        return {name: self.first + 3 + index for index, name in enumerate((MAIN, *WORKERS))}

    def by_part(self, server_name: str) -> dict[str, int]:
        """Every port with a text that says whose it is."""
        processes = {f"{server_name}, {name}": port for name, port in self.http.items()}
        return {"PostgreSQL": self.postgres, "Redis": self.redis, "replication": self.replication, **processes}


def shared_settings(
    ports: WorkerPorts, secret: str, public_url: str, database: dict[str, Any], redis: dict[str, Any]
) -> dict[str, Any]:
    """What replaces top-level settings in the homeserver.yaml that all processes read."""
    return {
        "public_baseurl": public_url,
        # TLS ends at the router in front: Synapse's workers cannot listen with TLS unless the main process does.
        "listeners": [
            _listener(ports.http[MAIN], ["client", "federation", "metrics"]),
            _listener(ports.replication, ["replication"]),
        ],
        "database": database,
        "redis": redis,
        "worker_replication_secret": secret,
        "instance_map": {"main": {"host": _HOST, "port": ports.replication}},
        "send_federation": False,
        "federation_sender_instances": [FEDERATION_SENDER],
        "run_background_tasks_on": BACKGROUND,
        "update_user_directory_from_worker": BACKGROUND,
        "start_pushers": False,
        "pusher_instances": [BACKGROUND],
        "enable_media_repo": False,
        "media_instance_running_background_jobs": MEDIA,
    }


def write_workers(directory: Path, ports: WorkerPorts) -> dict[str, Path]:
    """Write one YAML file per worker next to homeserver.yaml; returns them by name."""
    files = {}
    for name, resources in _RESOURCES.items():
        settings: dict[str, Any] = {
            "worker_app": "synapse.app.generic_worker",
            "worker_name": name,
            "worker_log_config": str(directory / "log.yaml"),
            "worker_listeners": [_listener(ports.http[name], [*resources, "health", "metrics"])],
        }
        if name == MEDIA:
            settings["enable_media_repo"] = True
        files[name] = directory / f"{name}.yaml"
        write_secret(files[name], yaml.safe_dump(settings, sort_keys=False))
    return files


def worker_command(config: Path, worker: Path) -> list[str]:
    """The command that runs one worker."""
    return [sys.executable, "-m", "synapse.app.generic_worker", "-c", str(config), "-c", str(worker)]


def _listener(port: int, names: list[str]) -> dict[str, Any]:
    resources = [{"names": names, "compress": False}]
    return {"port": port, "bind_addresses": [_HOST], "type": "http", "tls": False, "resources": resources}
