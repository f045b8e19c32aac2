"""Looks for people in what an operator sees: the module's log lines and metrics of every process of every member."""

import re
from collections.abc import Iterator

from tim_sandbox.running import Sandbox

BIRD = "Kanarienvogel"
"""A word of requests only: names, texts, localparts."""

_OURS = re.compile(r" (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) tim_synapse")
_BY_SYNAPSE = "module API callback"  # Synapse's line about a callback that failed, with whatever its exception says
_PEOPLE = re.compile(
    rf"{BIRD}|@[^\s:@]+:\w|![\w-]{{10,}}|\$[\w/+-]{{20,}}|#[^\s:]+:\w|syt_|Bearer|\buser-[0-9a-f]{{12}}|access_token",
    re.IGNORECASE,
)


async def leaks(sandbox: Sandbox) -> list[str]:
    """Every line that names somebody, a room, an event or a token, or quotes a request."""
    found = []
    for homeserver in sandbox.state.homeservers:
        for name, path in sandbox.logs_of(homeserver.server_name).items():
            found += [f"{name} of {homeserver.server_name}: {line}" for line in leaks_in_log(path.read_text())]
        for name, process in sandbox.processes_of(homeserver.server_name).items():
            lines = leaks_in_metrics(await process.metrics())
            found += [f"{name} of {homeserver.server_name}: {line}" for line in lines]
    return found


def leaks_in_log(text: str) -> Iterator[str]:
    """Lines of the module's log, or about the module."""
    for line in text.splitlines():
        if _BY_SYNAPSE in line or (_OURS.search(line) and _PEOPLE.search(line)):
            yield line


def leaks_in_metrics(text: str) -> Iterator[str]:
    """Series of the module."""
    return (line for line in text.splitlines() if line.startswith("tim_") and _PEOPLE.search(line))
