"""`tim sandbox`: the sub-commands."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from tim_sandbox.state import DEFAULT_BASE_PORT, DEFAULT_DIRECTORY, read_state

app = typer.Typer(help="A TI-M federation on this machine: try it, test against it.", no_args_is_help=True)

Directory = Annotated[Path, typer.Option("--dir", help="Keeps keys, databases and accounts between starts.")]


BasePort = Annotated[
    int | None,
    typer.Option(
        min=1024,
        max=65_000,
        help=f"First of 50 loopback ports. Default: as last time, at first {DEFAULT_BASE_PORT}.",
        show_default=False,
    ),
]


@app.command()
def up(
    directory: Directory = DEFAULT_DIRECTORY,
    base_port: BasePort = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget everything and start anew.")] = False,
    no_bot: Annotated[bool, typer.Option("--no-bot", help="Leave the practice's chatbot out.")] = False,
) -> None:
    """Start four homeservers, the stand-in VZD and the chatbot; stay until Ctrl-C.

    Exit codes: 0 stopped by Ctrl-C or SIGTERM; 2 could not start, or a part failed.
    """
    from tim_sandbox.federation import Plan  # heavy: aiohttp, signedjson
    from tim_sandbox.terminal import run_with_sandbox, stay_up  # heavy: aiohttp

    plan = Plan(directory, base_port, with_bot=not no_bot, fresh=fresh)
    asyncio.run(run_with_sandbox(plan, stay_up))


@app.command()
def scenario(directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Play the main story on a running sandbox, with real encrypted devices, and show the transcript.

    Exit codes: 0 every step passed; 1 a step failed; 2 there is no sandbox.
    """
    from tim_sandbox.scenario import play  # heavy: nio
    from tim_sandbox.transcript import Transcript  # only here

    is_good = asyncio.run(play(read_state(directory), Transcript(typer.echo)))
    raise typer.Exit(0 if is_good else 1)


@app.command()
def demo(
    directory: Directory = DEFAULT_DIRECTORY,
    base_port: BasePort = None,
    once: Annotated[bool, typer.Option("--once", help="In a fresh folder of its own; stop after the story.")] = False,
) -> None:
    """Start the sandbox, play the main story, and stay up for Element.

    Exit codes: 0 every step passed; 1 a step failed; 2 could not start, or a part failed.
    """
    from tim_sandbox.demo import run_demo  # heavy: nio, aiohttp, signedjson

    raise typer.Exit(0 if run_demo(directory, base_port, once=once) else 1)


@app.command()
def status(directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Show whether each part of a sandbox answers.

    Exit codes: 0 all do; 1 at least one does not; 2 there is no sandbox.
    """
    from tim_sandbox.federation import health_of  # heavy: aiohttp

    state = read_state(directory)
    health = asyncio.run(health_of(state))
    for part, is_up in health.items():
        typer.echo(f"{'✓' if is_up else '✗'} {part}")
    raise typer.Exit(0 if all(health.values()) else 1)
