"""A running federation: its parts can be started and asked one by one."""

import asyncio
import sys
from collections.abc import Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from tim_sandbox.bot import BOT, bot_command, is_bot_ready, write_bot
from tim_sandbox.homeserver import homeserver_command
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.layout import Layout, write_homeserver_of
from tim_sandbox.members import PROVIDER
from tim_sandbox.processes import Supervisor, accepts_connections
from tim_sandbox.state import HomeserverState, SandboxState
from tim_sandbox.vzd_client import VzdClient
from tim_sandbox.workers.settings import MAIN
from tim_sandbox.workers.worker_set import WorkerSet

VZD = "stand-in VZD"
PROXY = "CONNECT proxy"

_ADOPTION_SECONDS = 15.0
_POLL_SECONDS = 0.1


class Sandbox:
    """A running federation. A homeserver's part has its server name; the others are `VZD`, `PROXY` and `BOT`.

    Args:
        state: ports, accounts, passwords, tokens.
        layout: where its files are.
        supervisor: owns the processes; `supervisor.stop(part)` stops one of them.
        http: for the clients below.
        with_module: load tim_synapse into the members.
        extra: top-level settings of homeserver.yaml to replace, by server name.
        rules: changes of single rules, by server name.
        workers: of the homeserver that runs as several processes, if one does.
    """

    def __init__(
        self,
        state: SandboxState,
        layout: Layout,
        supervisor: Supervisor,
        http: aiohttp.ClientSession,
        *,
        with_module: bool,
        extra: Mapping[str, Mapping[str, Any]],
        rules: Mapping[str, Mapping[str, Any]],
        workers: WorkerSet | None = None,
    ) -> None:
        self.state = state
        self.layout = layout
        self.supervisor = supervisor
        self.http = http
        self._with_module = with_module
        self._extra = extra
        self._rules = rules
        self._workers = workers

    @property
    def vzd(self) -> VzdClient:
        """The stand-in VZD, seen by the provider of the members."""
        return VzdClient(self.http, self.state.vzd_url, self.state.provider_tokens[PROVIDER])

    def homeserver(self, server_name: str) -> HomeserverClient:
        """The homeserver of that name.

        Raises:
            NoSandbox: this sandbox has none.
        """
        return HomeserverClient(self.http, self.state.homeserver(server_name))

    def processes_of(self, server_name: str) -> dict[str, HomeserverClient]:
        """Each Synapse process of a homeserver by its name, to ask one for its metrics; a monolith has `main` only."""
        if workers := self._workers_of(server_name):
            return workers.clients(self.http, self.state.homeserver(server_name))
        return {MAIN: self.homeserver(server_name)}

    def logs_of(self, server_name: str) -> dict[str, Path]:
        """The log of each Synapse process of a homeserver by the name of the process."""
        workers = self._workers_of(server_name)
        return {
            name: self.supervisor.log_of(workers.part(name) if workers else server_name)
            for name in self.processes_of(server_name)
        }

    async def start_vzd(self) -> None:
        """Start the stand-in VZD and wait until it answers."""
        command = [sys.executable, "-m", "tim_sandbox.vzd"]
        command += ["--dir", str(self.layout.vzd), "--port", str(self.state.vzd_port)]
        await self.supervisor.start(VZD, command)
        await self.supervisor.wait_until_ready(VZD, self.vzd.is_healthy)

    async def start_proxy(self) -> None:
        """Start the CONNECT proxy, with an empty wire-tap, and wait until it listens."""
        self.layout.wire_tap.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tim_sandbox.connect_proxy", "--port", str(self.state.proxy_port)]
        command += ["--tap", str(self.layout.wire_tap)]
        for homeserver in self.state.homeservers:
            command += ["--route", f"{homeserver.server_name}={homeserver.federation_port}"]
        await self.supervisor.start(PROXY, command)
        await self.supervisor.wait_until_ready(PROXY, lambda: accepts_connections(self.state.proxy_port))

    async def start_homeserver(self, server_name: str) -> None:
        """Start a homeserver; wait until it is healthy, has its accounts and, as a member, a verified list."""
        homeserver = self.state.homeserver(server_name)
        extra = dict(self._extra.get(server_name, {}))
        workers = self._workers_of(server_name)
        if workers:
            await workers.start_storage(self.supervisor)
            extra = {**workers.settings(homeserver.client_url), **extra}
        config = write_homeserver_of(
            self.layout,
            self.state,
            homeserver,
            with_module=self._with_module,
            extra=extra,
            rules=self._rules.get(server_name, {}),
        )
        client = self.homeserver(server_name)
        if workers:
            await workers.start(self.supervisor, self.http, homeserver, config)
        else:
            await self.supervisor.start(server_name, homeserver_command(config))
            await self.supervisor.wait_until_ready(server_name, client.is_healthy)
        if homeserver.is_member and self._with_module and "modules" not in extra:
            for process in self.processes_of(server_name).values():
                await self.supervisor.wait_until_ready(server_name, partial(_has_list, process))
        for user in homeserver.users:
            await client.ensure_user(user)

    async def stop_homeserver(self, server_name: str) -> None:
        """Stop a homeserver with everything that belongs to it; `start_homeserver` starts it again."""
        workers = self._workers_of(server_name)
        for part in workers.parts if workers else [server_name]:
            await self.supervisor.stop(part)

    async def start_bot(self, homeserver: HomeserverState) -> None:
        """Start the bot that lives on `homeserver` and wait until it is ready."""
        config = write_bot(self.layout, self.state, homeserver)
        await self.supervisor.start(BOT, bot_command(config))
        await self.supervisor.wait_until_ready(BOT, lambda: is_bot_ready(self.http, self.state))

    async def list_adopted(self) -> None:
        """Return when every process of every member enforces the list that the VZD serves now.

        For use after a change of it.

        Raises:
            TimeoutError: a member does not follow.
        """
        newest = await self.vzd.list_version()
        async with asyncio.timeout(_ADOPTION_SECONDS):
            for homeserver in self.state.homeservers:
                for process in self.processes_of(homeserver.server_name).values():
                    # Another process: it can only be asked.
                    while homeserver.is_member and await process.list_version() < newest:  # noqa: ASYNC110
                        await asyncio.sleep(_POLL_SECONDS)

    def _workers_of(self, server_name: str) -> WorkerSet | None:
        return self._workers if self._workers and self._workers.server_name == server_name else None

    async def until_failure(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` as long as every part runs.

        Raises:
            PartFailed: a part ended by itself; `work` was cancelled.
        """
        watch = asyncio.create_task(self.supervisor.watch())
        task = asyncio.create_task(work)
        try:
            done, _ = await asyncio.wait({watch, task}, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            watch.cancel()
            task.cancel()
            await asyncio.gather(watch, task, return_exceptions=True)


async def _has_list(client: HomeserverClient) -> bool:
    return await client.list_version() > 0
