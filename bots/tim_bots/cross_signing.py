"""The bot's cross-signing identity, without which strict clients shut it out (MSC4153, specification v1.18).

The identity is three random seeds. They are made once and never replaced: a person who verified the bot would
be locked out. The first half of this file builds objects, the second half talks to the homeserver.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from nio import AsyncClient

from tim_bots.matrix_http import RequestFailed, call, demand
from tim_bots.signatures import public_key, signed, verify_device_signed
from tim_policy.errors import TimError

_SEED_BYTES = 32
_UNAUTHORIZED = 401


class IdentityBroken(TimError):
    """What the homeserver publishes as the bot's identity is not the bot's identity."""


@dataclass(frozen=True, slots=True, repr=False)
class Seeds:
    """The private Ed25519 keys of an identity, 32 bytes each."""

    master: bytes
    self_signing: bytes
    user_signing: bytes

    @classmethod
    def generate(cls) -> Self:
        """A new identity from the system's randomness."""
        return cls(os.urandom(_SEED_BYTES), os.urandom(_SEED_BYTES), os.urandom(_SEED_BYTES))

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """The opposite of `to_bytes`."""
        return cls(*(stored[start : start + _SEED_BYTES] for start in range(0, 3 * _SEED_BYTES, _SEED_BYTES)))

    def to_bytes(self) -> bytes:
        """All three, to be sealed and stored."""
        return self.master + self.self_signing + self.user_signing


class SeedStore(Protocol):
    """Where the seeds are kept. `save` returns only when they would survive a power cut."""

    async def load(self) -> Seeds | None:
        """The seeds, or None if none were ever saved."""
        ...

    async def save(self, seeds: Seeds) -> None:
        """Keep the seeds."""
        ...


def signing_keys(seeds: Seeds, user_id: str) -> dict[str, Any]:
    """The body of `POST /keys/device_signing/upload` (client-server API, cross-signing)."""
    master = public_key(seeds.master)
    return {
        "master_key": _key_object("master", seeds.master, user_id),
        "self_signing_key": signed(
            _key_object("self_signing", seeds.self_signing, user_id), seeds.master, user_id, master
        ),
        "user_signing_key": signed(
            _key_object("user_signing", seeds.user_signing, user_id), seeds.master, user_id, master
        ),
    }


def device_signature(seeds: Seeds, device_keys: Mapping[str, Any]) -> dict[str, Any]:
    """`device_keys` as the device uploaded them, signed with the self-signing key."""
    plain = {key: value for key, value in device_keys.items() if key not in {"signatures", "unsigned"}}
    return signed(plain, seeds.self_signing, device_keys["user_id"], public_key(seeds.self_signing))


def _key_object(usage: str, seed: bytes, user_id: str) -> dict[str, Any]:
    key = public_key(seed)
    return {"user_id": user_id, "usage": [usage], "keys": {f"ed25519:{key}": key}}


async def query_own_keys(client: AsyncClient) -> dict[str, Any]:
    """The `/keys/query` answer about the client's own account."""
    return await demand(client, "POST", "/_matrix/client/v3/keys/query", {"device_keys": {client.user_id: []}})


async def ensure_cross_signed(client: AsyncClient, store: SeedStore, password: str) -> str:
    """Publish the identity and sign the client's device with it; does nothing that is already done.

    To be called at every start, after the device keys were uploaded and before any room is joined. Works with
    any logged-in nio client.

    Args:
        client: logged in, crypto store loaded.
        store: where the seeds are, or will be, kept.
        password: the account's password, in case the homeserver asks for it.

    Returns:
        The public master key, which is what people compare when they verify the bot.

    Raises:
        IdentityBroken: the account has another identity, or the result does not hold.
        RequestFailed, TokenRevoked: the homeserver refused.
    """
    published = await query_own_keys(client)
    published_master = published.get("master_keys", {}).get(client.user_id)
    seeds = await store.load()
    if seeds is None:
        if published_master is not None:
            raise IdentityBroken(
                "cross-signing: the account has an identity, but its private keys are not in the database; "
                "restore bot.db from the backup, or have an administrator reset the account's identity"
            )
        seeds = Seeds.generate()
        await store.save(seeds)  # before anything is published: an identity without seeds is lost for good
    if published_master is None:
        await _upload_signing_keys(client, seeds, password)
        published = await query_own_keys(client)
    _require_own_identity(published, client, seeds)
    if not verify_device_signed(published, client.user_id, client.device_id):
        await _upload_signatures(client, seeds, published)
        published = await query_own_keys(client)
        _require_own_identity(published, client, seeds)
    if not verify_device_signed(published, client.user_id, client.device_id):
        raise IdentityBroken("cross-signing: the homeserver does not publish the signature of the bot's device")
    return public_key(seeds.master)


def _require_own_identity(published: Mapping[str, Any], client: AsyncClient, seeds: Seeds) -> None:
    expected = signing_keys(seeds, client.user_id)
    for name in ("master_key", "self_signing_key", "user_signing_key"):
        found = published.get(f"{name}s", {}).get(client.user_id, {})
        if found.get("keys") != expected[name]["keys"]:
            raise IdentityBroken(
                f"cross-signing: the homeserver publishes a {name} that is not the bot's; somebody reset the "
                "account's identity: do not trust this account until that is explained"
            )
    device = published.get("device_keys", {}).get(client.user_id, {}).get(client.device_id, {})
    own = client.olm.account.identity_keys
    if device.get("keys") != {f"{kind}:{client.device_id}": own[kind] for kind in ("curve25519", "ed25519")}:
        raise IdentityBroken(
            "device keys: the homeserver publishes other keys for the bot's device than those in crypto.db; "
            "if crypto.db was lost or restored, run: tim bot new-device --config FILE"
        )


async def _upload_signing_keys(client: AsyncClient, seeds: Seeds, password: str) -> None:
    path = "/_matrix/client/v3/keys/device_signing/upload"
    body = signing_keys(seeds, client.user_id)
    status, answer = await call(client, "POST", path, body)  # a first upload needs no password (MSC3967)
    if status == _UNAUTHORIZED and "session" in answer:
        auth = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": client.user_id},
            "password": password,
            "session": answer["session"],
        }
        status, answer = await call(client, "POST", path, body | {"auth": auth})
    if status >= 300:  # noqa: PLR2004 - HTTP
        raise RequestFailed(status, str(answer.get("errcode", "")))


async def _upload_signatures(client: AsyncClient, seeds: Seeds, published: Mapping[str, Any]) -> None:
    user_id, device_id = client.user_id, client.device_id
    master = _key_object("master", seeds.master, user_id)
    signature = client.olm.sign_json(master)
    signed_master = master | {"signatures": {user_id: {f"ed25519:{device_id}": signature}}}
    device = device_signature(seeds, published["device_keys"][user_id][device_id])
    body = {user_id: {device_id: device, public_key(seeds.master): signed_master}}
    answer = await demand(client, "POST", "/_matrix/client/v3/keys/signatures/upload", body)
    if answer.get("failures"):
        raise IdentityBroken("cross-signing: the homeserver refused the signature of the bot's device")
