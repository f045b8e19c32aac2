"""Owns the child processes of a sandbox: none outlives it, and each that fails says why in one line."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tim_sandbox.errors import PartFailed, PortTaken

_HOST = "127.0.0.1"
_GRACE = 8.0
_POLL = 0.1
_PR_SET_PDEATHSIG = 1
_LOG_TAIL_BYTES = 16_384
_MAX_LINE = 300
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    process: asyncio.subprocess.Process
    log: Path


class Supervisor:
    """Starts, watches and stops child processes; each writes its output to `<log_directory>/<part>.log`.

    Children lead sessions of their own, so that Ctrl-C in the terminal reaches the supervisor alone and the
    order of stopping is its decision. On Linux the kernel kills them when the supervisor dies, however it dies.
    """

    def __init__(self, log_directory: Path) -> None:
        self._logs = log_directory
        self._parts: dict[str, _Part] = {}

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by part."""
        return {part.name: part.process.pid for part in self._parts.values()}

    async def start(self, name: str, command: Sequence[str], *, user: str | None = None) -> None:
        """Start `command` as the part `name`; `user` None: as ourselves."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self.log_of(name)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=_child_environment(),
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else (),
                # Comes after the change of the user, which would undo it.
                preexec_fn=_die_with_parent(os.getpid()),
            )
        self._parts[name] = _Part(name, process, log)

    def log_of(self, name: str) -> Path:
        """Where the part's output goes; empty again with each start."""
        return self._logs / f"{name.replace(' ', '-')}.log"

    async def wait_until_ready(
        self, name: str, probe: Callable[[], Awaitable[bool]], *, timeout_seconds: float = 60.0
    ) -> None:
        """Ask `probe` until it says yes.

        Raises:
            PartFailed: the process ended, or `timeout_seconds` have passed.
        """
        part = self._parts[name]
        try:
            async with asyncio.timeout(timeout_seconds):
                while part.process.returncode is None:
                    if await probe():
                        return
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(part.process.wait(), _POLL)
        except TimeoutError:
            raise PartFailed(f"{name}: not ready after {timeout_seconds:.0f} s; {_last_words(part.log)}") from None
        raise _ended(part)

    async def watch(self) -> None:
        """Return never; the first child that ends by itself is the error.

        Raises:
            PartFailed: names the part, its exit code and the last line of its log.
        """
        waits = {asyncio.create_task(part.process.wait()): part for part in self._parts.values()}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        raise _ended(waits[done.pop()])

    async def stop(self, name: str) -> None:
        """Stop one part: SIGTERM, and SIGKILL when it does not end in time. An unknown name is a no-op."""
        part = self._parts.pop(name, None)
        if part is None:
            return
        _signal(part.process, signal.SIGTERM)
        try:
            await asyncio.wait_for(part.process.wait(), _GRACE)
        except TimeoutError:
            _signal(part.process, signal.SIGKILL)
            await part.process.wait()

    async def kill(self, name: str) -> None:
        """End one part without a chance to clean up, as a power cut would."""
        part = self._parts.pop(name)
        _signal(part.process, signal.SIGKILL)
        await part.process.wait()

    async def stop_all(self) -> None:
        """Stop every part, all at the same time."""
        await asyncio.gather(*(self.stop(name) for name in list(self._parts)))


def require_free_ports(ports: Mapping[str, int]) -> None:
    """Refuse to start when a port is taken; `ports` holds the port by the part that needs it.

    Raises:
        PortTaken: names the first one.
    """
    for part, port in ports.items():
        with socket.socket() as probe:
            # As the servers do: connections of the last run in TIME_WAIT do not block the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                raise PortTaken(
                    f"port {port} ({part}) is already in use; stop what listens there or choose another --base-port"
                ) from None


async def accepts_connections(port: int) -> bool:
    """Whether something listens on the loopback port."""
    try:
        _, writer = await asyncio.open_connection(_HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _child_environment() -> dict[str, str]:
    """Ours, except that children may write byte code: Synapse starts twice as fast with it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _die_with_parent(parent: int) -> Callable[[], None]:
    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # the parent died before the request was made
                os._exit(1)

    return prepare


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _ended(part: _Part) -> PartFailed:
    return PartFailed(f"{part.name}: ended with code {part.process.returncode}; {_last_words(part.log)}")


def _last_words(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if _says_something(line)]
    if not lines:
        return f"it wrote nothing to {log}"
    # "Error in configuration:" stands alone in its line; the error is in the next.
    last = " ".join(lines[-2:]) if lines[:-1] and lines[-2].endswith(":") else lines[-1]
    return f"last line of {log}: {last[:_MAX_LINE]}"


def _says_something(line: str) -> bool:
    return any(map(str.isalnum, line)) and "more information in the logs" not in line
