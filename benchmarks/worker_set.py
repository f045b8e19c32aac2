"""The gate on six processes: how fast a delisting closes it, what a reload of a long list does to traffic."""

import asyncio
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import aiohttp

from benchmarks.federation_peer import FederationPeer, federation_peer
from benchmarks.gated import gate_version, gated_settings, has_adopted
from benchmarks.long_list import ListSource, long_list_names, signed_list
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver_client import HomeserverClient, MatrixUser
from tim_sandbox.members import Member
from tim_sandbox.pki import Identity
from tim_sandbox.pki_files import read_identity
from tim_sandbox.running import Sandbox
from tim_sandbox.workers.settings import CLIENT_READER, FEDERATION_READER, MAIN

GATED, PEER = "gated.tim.test", "peer.tim.test"

_MEMBERS = (Member(GATED, "", (), telematik_id="1-20-BENCHMARK"), Member(PEER, "", ()))
_SHORT = [GATED, PEER, "other.tim.test"]
_REQUESTS_PER_SECOND = 100
_RELOADS = 6
_POLL_SECONDS = 0.03
_SETTLING_SECONDS = 3
_OK, _FORBIDDEN = 200, 403
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Reload:
    """Reloads of a list of 100,000 servers while requests pass.

    Args:
        reloads: how many versions every process adopted.
        statuses: number of answers by HTTP status or name of the exception.
        seconds: from request to answer.
    """

    reloads: int
    statuses: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """Everything but 200."""
        return sum(self.statuses.values()) - self.statuses.get(str(_OK), 0)


@dataclass(frozen=True, slots=True)
class OnWorkers:
    """What was measured.

    Args:
        delisting_seconds: from the list's leaving its source until the last of six processes was closed.
        refusal_seconds: from there until the delisted server's own signed request was refused.
        memory_mib: growth of each process by its first list, of 100,000 servers.
        longest_stall_seconds: longest a `/health` of the client reader took while all six read that list.
        adoption_seconds: how long that took, all six together on the machine's cores.
        reload: see `Reload`.
    """

    delisting_seconds: list[float]
    refusal_seconds: list[float]
    memory_mib: dict[str, float]
    longest_stall_seconds: float
    adoption_seconds: float
    reload: Reload


@dataclass(slots=True)
class _Bench:
    sandbox: Sandbox
    source: ListSource
    signer: Identity
    peer: FederationPeer
    user: MatrixUser
    version: int = 0

    def serve(self, server_names: list[str]) -> int:
        """Offer a new version."""
        self.version += 1
        self.source.serve(self.version, signed_list(self.version, server_names, self.signer))
        return self.version

    async def adopted(self) -> None:
        """Return when all processes have the newest version."""
        await has_adopted(self.sandbox, GATED, self.version)

    @property
    def processes(self) -> Mapping[str, HomeserverClient]:
        """By name."""
        return self.sandbox.processes_of(GATED)

    async def as_peer(self) -> int:
        """A signed request of the peer to the federation reader; its status."""
        uri = f"/_matrix/federation/v1/query/profile?user_id={quote(self.user.user_id)}"
        return await self.peer.request("GET", GATED, self.processes[FEDERATION_READER].client_url, uri)

    async def as_user(self) -> int:
        """A request of a local user to the client reader; its status."""
        path = "/_matrix/client/v3/joined_rooms"
        client = self.processes[CLIENT_READER]
        return (await client.request("GET", path, access_token=self.user.access_token)).status


async def measure_on_workers(base_port: int, delistings: int) -> OnWorkers:
    """Run everything on sets of six processes with PostgreSQL and Redis: one with a short list, one with a long one.

    Raises:
        MissingProgram: PostgreSQL or Redis is not installed.
    """
    async with _running_bench(base_port) as bench:
        bench.serve(_SHORT)
        await bench.adopted()
        _require((status := await bench.as_peer()) == _OK, f"the listed server is refused: {status}")
        closed, refused = await _delist(bench, delistings)
    async with _running_bench(base_port) as bench:
        memory, stall, adoption = await _first_list(bench)
        return OnWorkers(closed, refused, memory, stall, adoption, await _reload_under_load(bench))


@asynccontextmanager
async def _running_bench(base_port: int) -> AsyncIterator[_Bench]:
    """The processes, without a list yet."""
    with tempfile.TemporaryDirectory() as directory:
        source = ListSource(base_port + 49)
        plan = Plan(
            Path(directory) / "sandbox",
            base_port,
            members=_MEMBERS,
            with_bot=False,
            on_workers=GATED,
            extra={GATED: gated_settings(Path(directory) / "sandbox", base_port, source.url, "1s")},
        )
        async with running_sandbox(plan) as sandbox, source.listening():
            peer = federation_peer(PEER, sandbox.layout.homeserver(PEER) / "signing.key", sandbox.http)
            user = await sandbox.homeserver(GATED).new_user("user", secrets.token_urlsafe())
            yield _Bench(sandbox, source, read_identity(sandbox.layout.pki / "signer"), peer, user)


async def _delist(bench: _Bench, times: int) -> tuple[list[float], list[float]]:
    closed, refused = [], []
    for _ in range(times):
        version = bench.serve([name for name in _SHORT if name != PEER])
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            tasks = [group.create_task(_closed_at(process, version)) for process in bench.processes.values()]
            refusal = group.create_task(_refused_at(bench))
        began = bench.source.served_at[version]
        closed.append(max(task.result() for task in tasks) - began)
        refused.append(refusal.result() - began)
        bench.serve(_SHORT)
        await bench.adopted()
        async with asyncio.timeout(60):
            while await bench.as_peer() != _OK:  # noqa: ASYNC110 - another process: it can only be asked
                await asyncio.sleep(_POLL_SECONDS)
    return closed, refused


async def _closed_at(process: HomeserverClient, version: int) -> float:
    while await gate_version(process) != version:  # noqa: ASYNC110 - another process: it can only be asked
        await asyncio.sleep(_POLL_SECONDS)
    return time.monotonic()


async def _refused_at(bench: _Bench) -> float:
    while await bench.as_peer() != _FORBIDDEN:  # noqa: ASYNC110 - another process: it can only be asked
        await asyncio.sleep(_POLL_SECONDS)
    return time.monotonic()


async def _first_list(bench: _Bench) -> tuple[dict[str, float], float, float]:
    """Serve a long list: growth of each process, longest stall of one of them, time it took."""
    document = signed_list(1, [*long_list_names(), *_SHORT], bench.signer)
    before = _resident_mib(bench)
    bench.version = 1
    bench.source.serve(bench.version, document)
    stalls: list[float] = []
    watch = asyncio.create_task(_measure_stalls(bench.processes[CLIENT_READER], stalls))
    await bench.adopted()
    took = time.monotonic() - bench.source.served_at[bench.version]
    # What the last process still gives back.
    await asyncio.sleep(_SETTLING_SECONDS)
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    after = _resident_mib(bench)
    return {name: after[name] - before[name] for name in after}, max(stalls), took


async def _measure_stalls(process: HomeserverClient, stalls: list[float]) -> None:
    while True:
        began = time.monotonic()
        await process.is_healthy()
        stalls.append(time.monotonic() - began)
        await asyncio.sleep(0.01)


async def _reload_under_load(bench: _Bench) -> Reload:
    result = Reload(_RELOADS)
    names = [*long_list_names(), *_SHORT]
    load = asyncio.create_task(_load(bench, result))
    try:
        for number in range(_RELOADS):
            # Off the event loop, which has to keep the pace of the requests.
            bench.version += 1
            document = await asyncio.to_thread(signed_list, bench.version, names[number:], bench.signer)
            bench.source.serve(bench.version, document)
            await bench.adopted()
    finally:
        load.cancel()
        with suppress(asyncio.CancelledError):
            await load
    return result


async def _load(bench: _Bench, result: Reload) -> None:
    """Send requests at a fixed pace, however long the answers take, alternating between peer and user."""
    async with asyncio.TaskGroup() as group:
        began, number = time.monotonic(), 0
        while True:
            group.create_task(_one_request(bench, result, is_peer=number % 2 == 0))
            number += 1
            await asyncio.sleep(max(0.0, began + number / _REQUESTS_PER_SECOND - time.monotonic()))


async def _one_request(bench: _Bench, result: Reload, *, is_peer: bool) -> None:
    began = time.monotonic()
    try:
        outcome = str(await (bench.as_peer() if is_peer else bench.as_user()))
    except (aiohttp.ClientError, TimeoutError) as error:
        outcome = type(error).__name__
    result.statuses[outcome] = result.statuses.get(outcome, 0) + 1
    result.seconds.append(time.monotonic() - began)


def _resident_mib(bench: _Bench) -> dict[str, float]:
    pids = bench.sandbox.supervisor.pids
    page = os.sysconf("SC_PAGE_SIZE")
    sizes = {}
    for name in bench.processes:
        part = GATED if name == MAIN else f"{GATED} {name}"
        sizes[name] = int(Path(f"/proc/{pids[part]}/statm").read_text().split()[1]) * page / _MIB
    return sizes


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise RuntimeError(f"benchmark: {text}")
