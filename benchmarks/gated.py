"""A homeserver of the sandbox whose list comes from the benchmark."""

import asyncio
import re
from pathlib import Path
from typing import Any

from tim_sandbox.homeserver import tim_module
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.running import Sandbox

_TIMEOUT_SECONDS = 120
_POLL_SECONDS = 0.05
_GATE_VERSION = re.compile(r"^tim_gate_list_version(?:\{.*\})? (?P<version>\S+)$", re.MULTILINE)


def gated_settings(directory: Path, base_port: int, list_url: str, refresh_interval: str) -> dict[str, Any]:
    """Top-level settings of homeserver.yaml for a server with the module.

    Args:
        directory: of the sandbox.
        base_port: of the sandbox.
        list_url: where the list is fetched.
        refresh_interval: between two look-ups; a failed one, at the start, is repeated after a second.
    """
    module = tim_module(f"http://127.0.0.1:{base_port}", directory.resolve() / "pki")
    module["config"]["federation_list"] |= {
        "source": {"url": list_url},
        "refresh_interval": refresh_interval,
        "retry_interval": "1s",
    }
    return {"modules": [module], "federation_domain_whitelist": []}


async def gate_version(process: HomeserverClient) -> int:
    """Version of the list that the gate of this process lets traffic through by; 0: none."""
    match = _GATE_VERSION.search(await process.metrics())
    return int(float(match["version"])) if match else 0


async def has_adopted(sandbox: Sandbox, server_name: str, version: int) -> None:
    """Return when every process of the server lets traffic through by that version of the list.

    Raises:
        TimeoutError: one does not follow.
    """
    async with asyncio.timeout(_TIMEOUT_SECONDS):
        for process in sandbox.processes_of(server_name).values():
            while await gate_version(process) != version:  # noqa: ASYNC110 - another process: it can only be asked
                await asyncio.sleep(_POLL_SECONDS)
