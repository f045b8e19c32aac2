"""`tim bot`: the sub-commands."""

import base64
import os
from pathlib import Path
from typing import Annotated

import typer

from tim_policy.errors import ConfigError

app = typer.Typer(help="Run the paperwork bots.", no_args_is_help=True)

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The bot's configuration, bot.yaml.")]


@app.command()
def run(config: ConfigFile) -> None:
    """Run one bot until SIGTERM or SIGINT."""
    import asyncio

    from tim_bots.config import load_config
    from tim_bots.logs import configure_logging
    from tim_bots.process import run_bot

    configure_logging()
    asyncio.run(run_bot(load_config(config)))


@app.command()
def check(config: ConfigFile) -> None:
    """Check a configuration and its secret files without connecting to anything."""
    from tim_bots.cipher import Cipher
    from tim_bots.config import load_config, read_secret

    bot = load_config(config)
    read_secret(bot.password_file, "password_file")
    Cipher.from_file(bot.key_file)
    typer.echo(f"{config}: ok")


@app.command("new-key")
def new_key(file: Annotated[Path, typer.Argument(help="Where to write the key; must not exist.")]) -> None:
    """Write a new key_file: 32 random bytes in base64, readable by you only."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{file} exists; a key in use must not be overwritten: choose another name") from None
    except OSError as error:
        raise ConfigError(f"cannot write {file} ({type(error).__name__})") from None
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(base64.b64encode(os.urandom(32)) + b"\n")
    typer.echo(f"{file}: written; keep a copy in a safe place, without it the bot's state is lost")


@app.command("new-device")
def new_device(config: ConfigFile) -> None:
    """Forget the login and the crypto store, so that the next start is a new device with the same identity.

    For when the device was logged out, or crypto.db was lost or restored. Stop the bot first.
    """
    from tim_bots.account import CRYPTO_STORE, forget_login
    from tim_bots.config import load_config
    from tim_bots.database import lock_state_dir, open_engine, prepare_state_dir
    from tim_bots.process import DATABASE

    state_dir = load_config(config).state_dir
    prepare_state_dir(state_dir)
    lock = lock_state_dir(state_dir)
    try:
        engine = open_engine(state_dir / DATABASE)
        with engine.begin() as connection:
            forget_login(connection)
        engine.dispose()
        for suffix in ("", "-wal", "-shm"):
            (state_dir / f"{CRYPTO_STORE}{suffix}").unlink(missing_ok=True)
    finally:
        os.close(lock)
    typer.echo("the next start logs in as a new device")
