"""Where a bot keeps what it must not lose: its database, the cipher that opens it, and the claim to both."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, delete, make_url

from tim_bots.account import CRYPTO_STORE
from tim_bots.cipher import Cipher, read_key_file
from tim_bots.config import BotConfig
from tim_bots.data_keys import open_cipher
from tim_bots.database import lock_state_dir, open_engine, open_shared_keys, prepare_state_dir
from tim_bots.guard import open_crypto_store
from tim_bots.guard.tables import crypto_metadata, device
from tim_bots.lease import Lease
from tim_bots.queues import Queues
from tim_bots.schema import StateUnusable
from tim_bots.secret_files import read_secret

DATABASE = "bot.db"

_COMMAND_SECONDS = 600
"""No command takes longer; if it dies, the bot may start after that."""
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class State:
    """An open state.

    Args:
        engine: of the database, with all tables.
        cipher: opens its sealed columns.
    """

    engine: Engine
    cipher: Cipher


@contextmanager
def open_state(config: BotConfig) -> Iterator[State]:
    """Open the state while the block runs.

    Raises:
        ConfigError, StateUnusable, SealBroken: the text says what to do.
    """
    key = read_key_file(config.key_file)
    with locked_engine(config) as engine:
        with engine.begin() as connection:
            cipher = open_cipher(connection, key)
        yield State(engine, cipher)


@contextmanager
def locked_engine(config: BotConfig) -> Iterator[Engine]:
    """Open the database, with the lock on `state_dir` held.

    With PostgreSQL this does not claim the account, which hosts share: see `claimed`.

    Raises:
        ConfigError, StateUnusable: the text says what to do.
    """
    prepare_state_dir(config.state_dir)
    lock = lock_state_dir(config.state_dir)
    try:
        engine = open_engine(database_place(config))
        try:
            yield engine
        finally:
            engine.dispose()
    finally:
        os.close(lock)


def open_keys(config: BotConfig, lease: Lease | None) -> Engine:
    """Open the crypto store: a file beside the SQLite database, or a schema beside that of the account.

    Args:
        config: of the bot.
        lease: fences each transaction; None: not shared, or claimed by a command.
    """
    place = database_place(config)
    if isinstance(place, Path):
        return open_crypto_store(config.state_dir / CRYPTO_STORE)
    return open_shared_keys(place, crypto_metadata, None if lease is None else lease.fence)


def forget_keys(config: BotConfig) -> None:
    """Delete the crypto store, of a bot that does not run: it is made anew for a new device."""
    if config.database_url is None:
        for suffix in ("", "-wal", "-shm"):
            (config.state_dir / f"{CRYPTO_STORE}{suffix}").unlink(missing_ok=True)
        return
    engine = open_keys(config, None)
    with engine.begin() as connection:
        connection.execute(delete(device))  # the rest goes with it
    engine.dispose()


@contextmanager
def claimed(engine: Engine) -> Iterator[None]:
    """For commands that must not run beside the bot, on whatever host it is.

    Raises:
        StateUnusable: the bot is running.
    """
    lease = Lease("command", _COMMAND_SECONDS)
    with engine.begin() as connection:
        if not lease.take(connection):
            raise StateUnusable("the bot is running on another host; stop it first")
    try:
        yield
    finally:
        with engine.begin() as connection:
            lease.release(connection)


@contextmanager
def open_queues(config: BotConfig) -> Iterator[tuple[Connection, Queues]]:
    """The bot's queues, in one transaction; may be used while the bot runs.

    Raises:
        ConfigError, StateUnusable, SealBroken: the text says what to do.
    """
    with open_database(config) as (connection, cipher):
        yield connection, Queues.of(cipher)


@contextmanager
def open_database(config: BotConfig) -> Iterator[tuple[Connection, Cipher]]:
    """One transaction and the cipher of the bot's database; may be used while the bot runs.

    Raises:
        ConfigError, StateUnusable, SealBroken: the text says what to do.
    """
    key = read_key_file(config.key_file)
    place = database_place(config)
    if isinstance(place, Path) and not place.exists():
        raise StateUnusable(f"state_dir: there is no {place.name} yet; start the bot once")
    engine = open_engine(place)
    try:
        with engine.begin() as connection:
            yield connection, open_cipher(connection, key)
    finally:
        engine.dispose()


def database_place(config: BotConfig) -> Path | URL:
    """The file of the SQLite database, or the URL of the PostgreSQL database with the bot's own schema.

    Raises:
        ConfigError: the password file cannot be read.
    """
    if config.database_url is None:
        return config.state_dir / DATABASE
    url = make_url(config.database_url).set(drivername="postgresql+psycopg2")
    if config.database_password_file is not None:
        url = url.set(password=read_secret(config.database_password_file, "database_password_file"))
    return url.update_query_dict({"schema": schema_of(config.user_id)})


def schema_of(user_id: str) -> str:
    """Name of the schema that holds an account's tables: readable, and never that of another account."""
    name = _NOT_IN_A_NAME.sub("_", user_id[1:].partition(":")[0].lower()).strip("_")[:30]
    return f"bot_{name}_{hashlib.sha256(user_id.encode()).hexdigest()[:12]}"
