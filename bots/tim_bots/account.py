"""The bot's one login: account, device, access token and crypto store are a unit that is made once and kept.

Logging out, or logging in again, would make the bot a new device that cannot read what people wrote to the
old one; so it does neither on its own.
"""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from nio import LoginError
from sqlalchemy import Column, Connection, String, Table, delete, insert, select

from tim_bots.cipher import Cipher
from tim_bots.cross_signing import Seeds, query_own_keys
from tim_bots.database import Database, metadata, sealed
from tim_bots.guard import GuardedClient, open_crypto_store
from tim_bots.matrix_http import RequestFailed, demand, ok
from tim_policy.errors import TimError

logger = logging.getLogger(__name__)

DEVICE_NAME = "TIM Bot"
CRYPTO_STORE = "crypto.db"
_TOKEN = "account.access_token"  # noqa: S105 - a name, no secret
_SEEDS = "cross_signing.seeds"

_account = Table(
    "account",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("device_id", String, nullable=False),
    sealed("access_token", "user_id"),
)
_cross_signing = Table(
    "cross_signing",
    metadata,
    Column("user_id", String, primary_key=True),
    sealed("seeds", "user_id"),  # survives a new device
)


class LoginRefused(TimError):
    """The account cannot be used."""


def new_client(homeserver: str, user_id: str, store_dir: Path, pickle_key: str) -> GuardedClient:
    """A client that is not logged in yet; its keys will be kept in `store_dir`.

    Args:
        homeserver: base URL, without a slash at the end.
        user_id: full Matrix user id.
        store_dir: existing directory.
        pickle_key: encrypts the keys in the store.
    """
    return GuardedClient(homeserver, user_id, open_crypto_store(store_dir / CRYPTO_STORE), pickle_key)


class StoredSeeds:
    """The cross-signing seeds in the bot's database (a `SeedStore`)."""

    def __init__(self, database: Database, cipher: Cipher, user_id: str) -> None:
        self._database = database
        self._cipher = cipher
        self._user_id = user_id

    async def load(self) -> Seeds | None:
        """The seeds, or None if none were ever saved."""
        query = select(_cross_signing.c.seeds).where(_cross_signing.c.user_id == self._user_id)
        stored = await self._database.transaction(lambda connection: connection.scalar(query))
        return None if stored is None else Seeds.from_bytes(self._cipher.open(stored, _SEEDS, self._user_id))

    async def save(self, seeds: Seeds) -> None:
        """Keep the seeds; committed to disk on return."""
        value = self._cipher.seal(seeds.to_bytes(), _SEEDS, self._user_id)
        statement = insert(_cross_signing).values(user_id=self._user_id, seeds=value)
        await self._database.transaction(lambda connection: connection.execute(statement))


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """A stored login."""

    user_id: str
    device_id: str
    access_token: str


def stored_login(connection: Connection, cipher: Cipher) -> Login | None:
    """The bot's login; None before the first one."""
    row = connection.execute(select(_account)).first()
    if row is None:
        return None
    return Login(row.user_id, row.device_id, cipher.open(row.access_token, _TOKEN, row.user_id).decode())


async def log_in(client: GuardedClient, database: Database, cipher: Cipher, password: str) -> None:
    """Use the stored login, or log in and store it.

    Raises:
        LoginRefused: the password is wrong, or the account is locked; or the stored login is of another user.
        RequestFailed: the homeserver cannot log anybody in now.
    """
    login = await database.transaction(lambda connection: stored_login(connection, cipher))
    if login is not None:
        if login.user_id != client.user:
            raise LoginRefused("user_id: state_dir belongs to another account; give each bot its own state_dir")
        client.restore_login(login.user_id, login.device_id, login.access_token)
        return
    response = await client.login(password, device_name=DEVICE_NAME)
    if isinstance(response, LoginError) and response.status_code in {"M_FORBIDDEN", "M_USER_DEACTIVATED"}:
        raise LoginRefused(
            f"password_file: the homeserver refused the login ({response.status_code}); check user_id and password"
        )
    ok(response)
    values = {
        "user_id": response.user_id,
        "device_id": response.device_id,
        "access_token": cipher.seal(response.access_token.encode(), _TOKEN, response.user_id),
    }
    await database.transaction(lambda connection: connection.execute(insert(_account).values(values)))
    logger.info("logged in component=account")


def forget_login(connection: Connection) -> None:
    """Let the next start log in as a new device; the cross-signing seeds stay."""
    connection.execute(delete(_account))


async def publish_keys(client: GuardedClient) -> None:
    """Upload the device's keys, unless the homeserver has other ones for it.

    Raises:
        TokenRevoked: the token is not valid any more.
        LoginRefused, KeysRolledBack: the crypto store is not the one this device began with, or an old one.
    """
    await demand(client, "GET", "/_matrix/client/v3/account/whoami")
    published: dict[str, Any] = (await query_own_keys(client)).get("device_keys", {})
    known = published.get(client.user_id, {}).get(client.device_id)
    if known and known["keys"].get(f"ed25519:{client.device_id}") != client.olm.account.identity_keys["ed25519"]:
        raise LoginRefused(
            f"{CRYPTO_STORE} does not hold the keys of the bot's device; it was lost or replaced. Never restore "
            "it from a backup; run: tim bot new-device --config FILE"
        )
    if client.should_upload_keys:
        await client.upload_keys()


async def publish_display_name(client: GuardedClient, display_name: str) -> None:
    """Set the profile's name, which says that this is a chatbot.

    A TI-M homeserver lets accounts not name themselves: then the name that its administration gave stays, and one line
    says what to do when it is another one.
    """
    path = f"/_matrix/client/v3/profile/{client.user_id}/displayname"
    response = await client.get_displayname()
    if getattr(response, "displayname", None) == display_name:
        return
    try:
        await demand(client, "PUT", path, {"displayname": display_name})
    except RequestFailed as failure:
        if failure.status != HTTPStatus.FORBIDDEN:
            raise
        logger.warning(
            "display name not set component=account; the homeserver lets only its admins set it: "
            "set display_name of the configuration as the account's name there"
        )
