"""The whole federation: prepares the directory, starts every part, and stops them all again."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tim_sandbox.bot import BOT, is_bot_ready
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.layout import Layout, write_pki, write_vzd
from tim_sandbox.members import EVERYONE, Member
from tim_sandbox.processes import Supervisor, accepts_connections, require_free_ports
from tim_sandbox.running import PROXY, VZD, Sandbox
from tim_sandbox.state import (
    DEFAULT_BASE_PORT,
    HomeserverState,
    SandboxState,
    continue_state,
    has_state,
    new_state,
    owned_directory,
    read_state,
    write_state,
)
from tim_sandbox.vzd_client import VzdClient
from tim_sandbox.workers.postgres import postgres_directory
from tim_sandbox.workers.programs import require_programs
from tim_sandbox.workers.settings import WorkerPorts
from tim_sandbox.workers.worker_set import WorkerSet, new_worker_set

Report = Callable[[str, float], None]
"""Called with the name of a part that is up, and the seconds it took."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start.

    Args:
        directory: keeps everything between two starts.
        base_port: None: as last time, or the default.
        members: homeservers to start.
        with_bot: start the practice's bot; needs the practice among `members`.
        with_module: load tim_synapse into the members.
        fresh: empty the directory first.
        extra: top-level settings of homeserver.yaml to replace, by server name.
        rules: changes of single rules (the `rules` block of tim_synapse), by server name.
        on_workers: server_name of the homeserver to run as several processes with PostgreSQL and Redis; its
            database is made anew at each start.
    """

    directory: Path
    base_port: int | None = None
    members: Sequence[Member] = EVERYONE
    with_bot: bool = True
    with_module: bool = True
    fresh: bool = False
    extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    on_workers: str | None = None


@asynccontextmanager
async def running_sandbox(plan: Plan, report: Report = lambda _part, _seconds: None) -> AsyncIterator[Sandbox]:
    """Start everything, and stop it at the end; the state is written before the first process starts.

    Raises:
        DirectoryInUse, MissingProgram, PortTaken, PartFailed, RequestRefused: why it cannot start.
    """
    with ExitStack() as cleanup:
        cleanup.enter_context(owned_directory(plan.directory, fresh=plan.fresh))
        state = _state_for(plan)
        require_free_ports(ports_of(state))
        layout = Layout(plan.directory.resolve())
        write_pki(layout, state)
        write_vzd(layout, state, plan.members)
        write_state(plan.directory, state)
        workers = _worker_set(state, layout, cleanup)
        supervisor = Supervisor(layout.logs)
        try:
            async with aiohttp.ClientSession() as http:
                sandbox = Sandbox(
                    state,
                    layout,
                    supervisor,
                    http,
                    with_module=plan.with_module,
                    extra=plan.extra,
                    rules=plan.rules,
                    workers=workers,
                )
                await _start(sandbox, report)
                yield sandbox
        finally:
            await supervisor.stop(BOT)  # before the server it talks to
            await supervisor.stop_all()


def ports_of(state: SandboxState) -> dict[str, int]:
    """Every port of the sandbox, by the part that listens on it."""
    ports = {VZD: state.vzd_port, PROXY: state.proxy_port}
    if state.with_bot:
        ports[BOT] = state.bot_health_port
    for homeserver in state.homeservers:
        ports[homeserver.server_name] = homeserver.client_port
        ports[f"{homeserver.server_name}, federation"] = homeserver.federation_port
    if state.on_workers is not None:
        ports |= WorkerPorts(state.first_worker_port).by_part(state.on_workers)
    return ports


async def health_of(state: SandboxState) -> dict[str, bool]:
    """Whether each part answers, by part."""
    async with aiohttp.ClientSession() as http:
        probes: dict[str, Awaitable[bool]] = {
            VZD: VzdClient(http, state.vzd_url, "").is_healthy(),
            PROXY: accepts_connections(state.proxy_port),
        }
        for homeserver in state.homeservers:
            probes[homeserver.server_name] = HomeserverClient(http, homeserver).is_healthy()
        if state.with_bot:
            probes[BOT] = is_bot_ready(http, state)
        return dict(zip(probes, await asyncio.gather(*probes.values()), strict=True))


def _state_for(plan: Plan) -> SandboxState:
    old = read_state(plan.directory) if has_state(plan.directory) else None
    base_port = plan.base_port or (old.base_port if old else DEFAULT_BASE_PORT)
    state = new_state(base_port, plan.members, with_bot=plan.with_bot, on_workers=plan.on_workers)
    return continue_state(old, state) if old else state


def _worker_set(state: SandboxState, layout: Layout, cleanup: ExitStack) -> WorkerSet | None:
    """The parts of the homeserver on workers; `cleanup` removes the database when everything has stopped."""
    if state.on_workers is None:
        return None
    require_programs()
    database = cleanup.enter_context(postgres_directory())
    return new_worker_set(state.on_workers, state.first_worker_port, layout.directory / "redis", database)


async def _start(sandbox: Sandbox, report: Report) -> None:
    # First, since a member that cannot have the list when it starts stays closed until it asks again.
    await _timed(report, VZD, sandbox.start_vzd())
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_timed(report, PROXY, sandbox.start_proxy()))
            for homeserver in sandbox.state.homeservers:
                group.create_task(_start_homeserver(sandbox, homeserver, report))
    except ExceptionGroup as group_error:
        # The first fault is the cause; the group was cancelled because of it.
        raise group_error.exceptions[0] from None


async def _start_homeserver(sandbox: Sandbox, homeserver: HomeserverState, report: Report) -> None:
    name = homeserver.server_name
    await _timed(report, name, sandbox.start_homeserver(name))
    if sandbox.state.with_bot and any(user.is_bot for user in homeserver.users):
        await _timed(report, BOT, sandbox.start_bot(homeserver))


async def _timed(report: Report, part: str, start: Coroutine[Any, Any, None]) -> None:
    began = time.monotonic()
    await start
    report(part, time.monotonic() - began)
