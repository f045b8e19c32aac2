"""What `tim sandbox up` shows: progress, the login table, and the way out."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import typer

from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.running import Sandbox
from tim_sandbox.state import SandboxState

Work = Callable[[Sandbox], Coroutine[Any, Any, None]]


async def run_with_sandbox(plan: Plan, work: Work) -> None:
    """Start the sandbox, do `work`, and stop it; SIGINT and SIGTERM end it early.

    Raises:
        TimError: it could not start, a part failed, or `work` raised it.
    """
    with _stop_signals() as stop:
        await _until(stop, _run(plan, work))


async def stay_up(sandbox: Sandbox) -> None:
    """Print how to log in; work that never ends by itself."""
    typer.echo(login_table(sandbox.state))
    typer.echo(f"\nDirectory (stand-in VZD): {sandbox.state.vzd_url}/tim-provider-services/")
    typer.echo(f"Logs: {sandbox.layout.logs}")
    typer.echo("Ctrl-C stops everything.")
    await asyncio.Event().wait()


async def _until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work)
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if not task.done():
        typer.echo("\nstopping ...")
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def show_progress(part: str, seconds: float) -> None:
    """One line for a part that is up."""
    typer.echo(f"✓ {part:<20} {seconds:5.1f} s")


def login_table(state: SandboxState) -> str:
    """Who can log in where, as text."""
    lines = []
    for homeserver in state.homeservers:
        lines.append(f"\n{homeserver.organisation}: {homeserver.server_name}")
        lines.append(f"  Element: homeserver URL {homeserver.client_url}")
        lines.extend(f"  {user.user_id:<34} {user.password:<14} {user.role}" for user in homeserver.users)
    return "\n".join(lines)


async def _run(plan: Plan, work: Work) -> None:
    typer.echo(f"Starting a TI-M federation in {plan.directory} (loopback only; synthetic people and organisations).")
    began = time.monotonic()
    async with running_sandbox(plan, show_progress) as sandbox:
        typer.echo(f"Up after {time.monotonic() - began:.1f} s.")
        await sandbox.until_failure(work(sandbox))


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
