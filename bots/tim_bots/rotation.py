"""`tim bot rotate-key`: a new key file, and the database under it, whenever the power fails.

The order is: new key on the disk, then the database in one transaction, then the new file in place of the old one.
Whatever the last step that happened, the database's key is in one of two files, and running the command again ends
the work.
"""

import os
import shutil
from pathlib import Path

import tim_bots.api.tables
import tim_bots.bot
import tim_bots.flow_of
import tim_bots.pvs.tables  # noqa: F401 - these define the tables of a running bot, and each must be found
from tim_bots.cipher import SealBroken, read_key_file, write_new_key
from tim_bots.config import BotConfig
from tim_bots.data_keys import open_cipher, rotate
from tim_bots.state import claimed, locked_engine


def rotate_key_file(config: BotConfig, new_key_file: Path | None = None) -> str:
    """Seal the database under a new key.

    Args:
        config: of a bot that does not run.
        new_key_file: holds the new key; None: one is made and takes the place of `key_file`.

    Returns:
        What was done and what is left to the operator, in one line.

    Raises:
        ConfigError, StateUnusable, SealBroken: nothing was changed.
    """
    coming = new_key_file or config.key_file.with_name(config.key_file.name + ".new")
    with locked_engine(config) as engine, claimed(engine):
        if new_key_file is None and not coming.exists():
            write_new_key(coming)
        key, new_key = read_key_file(config.key_file), read_key_file(coming)
        with engine.begin() as connection:
            try:
                open_cipher(connection, key)
            except SealBroken:
                open_cipher(connection, new_key)  # an earlier run came as far as this
                count = 0
            else:
                count = rotate(connection, key, new_key)
        if new_key_file is not None:
            return f"{count} values sealed anew; put {coming} in the place of key_file before you start the bot"
        old = config.key_file.with_name(config.key_file.name + ".old")
        _replace(config.key_file, coming, old)
    return f"{count} values sealed anew; {old} opens backups made before: destroy it together with them"


def _replace(key_file: Path, coming: Path, old: Path) -> None:
    """At each moment `key_file` is there, whole."""
    old.unlink(missing_ok=True)
    old.touch(mode=0o600)
    shutil.copyfile(key_file, old)
    coming.replace(key_file)
    directory = os.open(key_file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
