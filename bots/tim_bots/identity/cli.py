"""`tim bot identity`: the sub-commands."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The bot's configuration, bot.yaml.")]


@app.callback()
def private() -> None:
    """The bot's identity: what people verify, and how it survives a lost machine."""
    os.umask(0o077)  # whatever is written belongs to the bot's system user alone


@app.command()
def init(
    config: ConfigFile,
    new_recovery_key: Annotated[
        bool, typer.Option("--new-recovery-key", help="Replace a recovery key that was lost.")
    ] = False,
) -> None:
    """Make the identity and its recovery key, which is printed once. Stop the bot first."""
    from tim_bots.config import load_config
    from tim_bots.identity import commands

    async def work() -> tuple[str, str]:
        async with commands.opened(load_config(config)) as account:
            return await commands.init(account, is_replaced=new_recovery_key)

    master_key, recovery_key = asyncio.run(work())
    _print_fingerprint(master_key)
    typer.echo("\nRecovery key, shown only now:\n")
    typer.echo(f"    {recovery_key}\n")
    typer.echo("Write it down and lock it away. Whoever has it can read the bot's rooms and speak as the bot.")


@app.command()
def show(config: ConfigFile) -> None:
    """Show the fingerprint as text and as QR code, for the practice's directory entry."""
    from tim_bots.config import load_config
    from tim_bots.identity import commands
    from tim_bots.identity.fingerprint import directory_entry, terminal_qr

    bot = load_config(config)

    master_key = asyncio.run(commands.show(bot))
    typer.echo(bot.user_id)
    _print_fingerprint(master_key)
    typer.echo(terminal_qr(directory_entry(bot.user_id, master_key)))


@app.command()
def recover(config: ConfigFile) -> None:
    """Fetch the identity with the recovery key, after the state was lost. Stop the bot first."""
    from tim_bots.config import load_config
    from tim_bots.identity import commands

    bot = load_config(config)
    recovery_key = typer.prompt("Recovery key", hide_input=True)

    async def work() -> str:
        async with commands.opened(bot) as account:
            return await commands.recover(account, recovery_key)

    _print_fingerprint(asyncio.run(work()))
    typer.echo("The identity is back. The next start signs a new device with it.")


@app.command()
def accept(config: ConfigFile, user_id: Annotated[str, typer.Argument(help="Matrix user id of the person.")]) -> None:
    """Trust the new identity of a person who reset it; make sure first that it is that person's. Stop the bot first."""
    from tim_bots.config import load_config
    from tim_bots.identity import commands

    async def work() -> bool:
        async with commands.opened(load_config(config)) as account:
            return await commands.accept(account, user_id)

    typer.echo("accepted" if asyncio.run(work()) else "nothing to accept: this is the identity that was seen first")


def _print_fingerprint(master_key: str) -> None:
    from tim_bots.identity.fingerprint import grouped

    typer.echo(f"Fingerprint: {grouped(master_key)}")
