"""What `tim bot identity ...` does, without the terminal."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tim_bots.account import StoredSeeds, log_in, publish_keys
from tim_bots.cipher import Cipher, read_key_file
from tim_bots.config import BotConfig
from tim_bots.cross_signing import IdentityBroken, ensure_cross_signed, query_own_keys, signing_keys
from tim_bots.data_keys import open_cipher
from tim_bots.database import Database, open_engine, prepare_state_dir
from tim_bots.guard import GuardedClient, require_supported_nio
from tim_bots.identity.key_backup import KeyBackup
from tim_bots.identity.recovery_key import KEY_BYTES, read_recovery_key, write_recovery_key
from tim_bots.identity.secret_storage import fetch_seeds, has_secret_storage, store_secrets
from tim_bots.secret_files import read_secret
from tim_bots.signatures import public_key
from tim_bots.state import claimed, database_place, open_keys, open_state
from tim_policy.errors import TimError


class RecoveryKeyExists(TimError):
    """A recovery key was made before; a new one needs a word of confirmation."""


class IdentityExists(TimError):
    """There is nothing to recover."""


class NoIdentity(TimError):
    """The bot has no identity yet."""


@dataclass(frozen=True, slots=True)
class Account:
    """A bot's account and what it keeps, while no bot runs on it."""

    config: BotConfig
    cipher: Cipher
    database: Database

    @property
    def seeds(self) -> StoredSeeds:
        """Where the identity is kept."""
        return StoredSeeds(self.database, self.cipher, self.config.user_id)

    @asynccontextmanager
    async def online(self) -> AsyncIterator[GuardedClient]:
        """The bot's client, logged in.

        Raises:
            LoginRefused, RequestFailed, TokenRevoked: it cannot be.
        """
        require_supported_nio()
        pickle_key = self.cipher.derive("crypto store").hex()
        keys = open_keys(self.config, None)
        client = GuardedClient(self.config.homeserver, self.config.user_id, keys, pickle_key)
        try:
            password = read_secret(self.config.password_file, "password_file")
            await log_in(client, self.database, self.cipher, password)
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def opened(config: BotConfig) -> AsyncIterator[Account]:
    """Open the bot's state.

    Raises:
        ConfigError, StateUnusable, SealBroken: the text says what to do; e.g. the bot is running.
    """
    with open_state(config) as state, claimed(state.engine):
        database = Database(state.engine)
        try:
            yield Account(config, state.cipher, database)
        finally:
            database.close()


async def init(account: Account, *, is_replaced: bool = False) -> tuple[str, str]:
    """Publish the identity, put it under a new recovery key, and begin the backup of room keys.

    Args:
        account: the bot's.
        is_replaced: make a new recovery key although there is one.

    Returns:
        The public master key, and the recovery key, which is kept nowhere.

    Raises:
        RecoveryKeyExists: there is one.
        IdentityBroken: the account has an identity that is not the bot's.
    """
    async with account.online() as client:
        await publish_keys(client)
        password = read_secret(account.config.password_file, "password_file")
        master_key = await ensure_cross_signed(client, account.seeds, password)
        seeds = await account.seeds.load()
        if seeds is None:
            raise NoIdentity("identity: the identity was not stored; run the command again")
        if await has_secret_storage(client) and not is_replaced:
            raise RecoveryKeyExists(
                "identity: the account has a recovery key already; if it was lost, make a new one with: "
                "tim bot identity init --new-recovery-key --config FILE"
            )
        key = os.urandom(KEY_BYTES)
        await store_secrets(client, seeds, key)
        await KeyBackup(client, seeds).open()
        return master_key, write_recovery_key(key)


async def show(config: BotConfig) -> str:
    """The public master key, from the bot's own database; the bot may run meanwhile.

    Raises:
        NoIdentity: there is none yet.
        ConfigError, StateUnusable, SealBroken: the text says what to do.
    """
    prepare_state_dir(config.state_dir)
    engine = open_engine(database_place(config))
    with engine.begin() as connection:
        cipher = open_cipher(connection, read_key_file(config.key_file))
    database = Database(engine)
    try:
        seeds = await StoredSeeds(database, cipher, config.user_id).load()
    finally:
        database.close()
        engine.dispose()
    if seeds is None:
        raise NoIdentity("identity: there is none yet; run: tim bot identity init --config FILE")
    return public_key(seeds.master)


async def recover(account: Account, recovery_key: str) -> str:
    """Fetch the identity with nothing but the recovery key and store it; the next start signs a new device.

    Returns:
        The public master key.

    Raises:
        BadRecoveryKey, NoSecretStorage: it does not open this account's storage.
        IdentityExists: the database has an identity.
        IdentityBroken: what was stored is not what the homeserver publishes.
    """
    key = read_recovery_key(recovery_key)
    if await account.seeds.load() is not None:
        raise IdentityExists("identity: the database has the identity; there is nothing to recover")
    async with account.online() as client:
        seeds = await fetch_seeds(client, key)
        expected = signing_keys(seeds, client.user_id)["master_key"]["keys"]
        published = (await query_own_keys(client)).get("master_keys", {}).get(client.user_id, {})
        if published.get("keys") != expected:
            raise IdentityBroken(
                "identity: the homeserver publishes another identity than the recovered one; somebody reset it: "
                "do not trust this account until that is explained"
            )
        await account.seeds.save(seeds)
        return public_key(seeds.master)


async def accept(account: Account, user_id: str) -> bool:
    """Pin the identity that somebody has now, after the practice made sure that it is his.

    Returns:
        Whether his identity was another one than the pinned one.
    """
    async with account.online() as client:
        await client.store.flush()
        client.olm.users_for_key_query.add(user_id)
        await client.query_keys()
        is_accepted = client.olm.trust.accept(user_id)
        await client.store.flush()
        return is_accepted
