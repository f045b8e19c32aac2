"""`tim sandbox demo`: the federation, the story, and a place to look around."""

import asyncio
import tempfile
from pathlib import Path

import typer

from tim_sandbox.federation import Plan
from tim_sandbox.running import Sandbox
from tim_sandbox.scenario import play
from tim_sandbox.terminal import run_with_sandbox, stay_up
from tim_sandbox.transcript import Transcript


def run_demo(directory: Path, base_port: int | None, *, once: bool) -> bool:
    """Start, play, and unless `once` stay up until Ctrl-C; whether every step of the story passed.

    Raises:
        TimError: it could not start, or a part failed.
    """
    if not once:
        return asyncio.run(_run(Plan(directory, base_port), stay=True))
    with tempfile.TemporaryDirectory(prefix="tim-sandbox-") as own:
        return asyncio.run(_run(Plan(Path(own) / "sandbox", base_port), stay=False))


async def _run(plan: Plan, *, stay: bool) -> bool:
    transcript = Transcript(typer.echo)
    outcome = False

    async def work(sandbox: Sandbox) -> None:
        nonlocal outcome
        outcome = await play(sandbox.state, transcript)
        if stay:
            await stay_up(sandbox)

    await run_with_sandbox(plan, work)
    return outcome
