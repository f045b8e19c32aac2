"""`tim bot`: the sub-commands."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tim_bots.identity.cli import app as identity_app
from tim_bots.logs import LogFormat
from tim_bots.persons.cli import app as pin_app

app = typer.Typer(help="Run the paperwork bots.", no_args_is_help=True)
app.add_typer(identity_app, name="identity", no_args_is_help=True)
app.add_typer(pin_app, name="pin")

_TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h."""

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The bot's configuration, bot.yaml.")]


@app.command()
def run(
    config: Annotated[list[Path], typer.Option("--config", "-c", help="bot.yaml; several: one for each bot.")],
    log_format: Annotated[LogFormat, typer.Option(help="How log lines look.")] = LogFormat.LOGFMT,
) -> None:
    """Run bots until SIGTERM or SIGINT.

    Exit code 2: an operator has to do something first; 75: starting it again may help.
    """
    import asyncio

    from tim_bots.config import load_config
    from tim_bots.logs import configure_logging
    from tim_bots.process import BotFailed, run_bots
    from tim_bots.schema import DatabaseAway

    configure_logging(log_format)
    try:
        asyncio.run(run_bots([load_config(path) for path in config]))
    except (BotFailed, DatabaseAway) as error:
        typer.echo(f"tim: {error}", err=True)
        raise typer.Exit(_TRY_AGAIN) from None


@app.command()
def check(config: ConfigFile) -> None:
    """Check a configuration and its secret files without connecting to anything."""
    from tim_bots.cipher import read_key_file
    from tim_bots.config import load_config
    from tim_bots.pvs.folder import check_folder
    from tim_bots.secret_files import read_secret

    bot = load_config(config)
    read_secret(bot.password_file, "password_file")
    read_key_file(bot.key_file)
    if bot.database_password_file is not None:
        read_secret(bot.database_password_file, "database_password_file")
    if bot.api is not None:
        read_secret(bot.api.token_file, "api.token_file")
    if bot.pvs is not None:
        check_folder(bot.pvs.out_dir, "pvs.out_dir")
        check_folder(bot.pvs.in_dir, "pvs.in_dir")
    typer.echo(f"{config}: ok")


@app.command()
def doctor(
    config: ConfigFile,
    admin_token_file: Annotated[
        Path | None, typer.Option(help="Token of a server admin: also look at the account's rate limit.")
    ] = None,
) -> None:
    """Look at everything the bot needs: one line each; exit code 1 if something is broken. Changes nothing."""
    import asyncio

    from tim_bots.config import load_config
    from tim_bots.doctor import Verdict, examine

    bot = load_config(config)

    async def look() -> bool:
        is_broken = False
        async for finding in examine(bot, admin_token_file):
            typer.echo(f"{finding.verdict:<5}{finding.name:<11}{finding.text}")
            is_broken |= finding.verdict is Verdict.FAIL
        return is_broken

    if asyncio.run(look()):
        raise typer.Exit(1)


@app.command("new-key")
def new_key(file: Annotated[Path, typer.Argument(help="Where to write the key; must not exist.")]) -> None:
    """Write a new key_file: 32 random bytes in base64, readable by you only."""
    from tim_bots.cipher import write_new_key

    write_new_key(file)
    typer.echo(f"{file}: written; keep a copy in a safe place, without it the bot's state is lost")


@app.command("new-device")
def new_device(
    config: ConfigFile,
    restored: Annotated[
        bool, typer.Option("--restored", help="The database comes from a backup: also skip what it missed.")
    ] = False,
) -> None:
    """Forget the login and the crypto store, so that the next start is a new device with the same identity.

    For when the device was logged out, or crypto.db was lost or restored. Stop the bot first.
    """
    from tim_bots.account import forget_login
    from tim_bots.config import load_config
    from tim_bots.queues import Queues
    from tim_bots.state import claimed, forget_keys, open_state

    bot = load_config(config)
    with open_state(bot) as state, claimed(state.engine):
        with state.engine.begin() as connection:
            forget_login(connection)
            if restored:
                Queues.of(state.cipher).skip_the_past(connection, datetime.now(UTC))
        forget_keys(bot)
    typer.echo("the next start logs in as a new device")


@app.command("rotate-key")
def rotate_key(
    config: ConfigFile,
    new_key_file: Annotated[
        Path | None,
        typer.Option(help="A key made with `tim bot new-key`, for a key_file that this program cannot write."),
    ] = None,
) -> None:
    """Seal the bot's database under a new key. Stop the bot first."""
    from tim_bots.config import load_config
    from tim_bots.rotation import rotate_key_file

    typer.echo(rotate_key_file(load_config(config), new_key_file))


dead_letters = typer.Typer(
    help="What the bot could not do after all attempts; may be used while it runs.", no_args_is_help=True
)
app.add_typer(dead_letters, name="dead-letters")
LetterName = Annotated[str, typer.Argument(metavar="NAME", help="As `list` shows it, e.g. in-17.")]


@dead_letters.command("list")
def list_dead_letters(config: ConfigFile) -> None:
    """Show them, oldest first: name, kind, since when, failed attempts, fault. Nothing about people."""
    from tim_bots.config import load_config
    from tim_bots.state import open_queues

    with open_queues(load_config(config)) as (connection, queues):
        for letter in queues.dead_letters.all(connection):
            fields = (letter.name, letter.what, f"{letter.since:%Y-%m-%dT%H:%M:%SZ}", letter.attempts, letter.error)
            typer.echo("\t".join(map(str, fields)))


@dead_letters.command("retry")
def retry_dead_letter(config: ConfigFile, name: LetterName) -> None:
    """Give one all its attempts again."""
    from tim_bots.config import load_config
    from tim_bots.state import open_queues

    with open_queues(load_config(config)) as (connection, queues):
        queues.dead_letters.retry(connection, name)
    typer.echo(f"{name}: will be tried again")


@dead_letters.command("drop")
def drop_dead_letter(config: ConfigFile, name: LetterName) -> None:
    """Erase one for good."""
    from tim_bots.config import load_config
    from tim_bots.state import open_queues

    with open_queues(load_config(config)) as (connection, queues):
        queues.dead_letters.drop(connection, name)
    typer.echo(f"{name}: erased")
