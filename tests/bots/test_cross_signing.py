"""The identity's objects, checked with an independent Ed25519, and the real homeserver's opinion of them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import vodozemac

from tests.bots.conftest import PASSWORD, NewUserId, Person
from tim_bots.account import new_client
from tim_bots.cross_signing import (
    IdentityBroken,
    Seeds,
    _upload_signing_keys,
    device_signature,
    ensure_cross_signed,
    query_own_keys,
    signing_keys,
)
from tim_bots.matrix_http import ok
from tim_bots.scripted_user import MemorySeeds
from tim_bots.signatures import public_key, verify_device_signed
from tim_sandbox.homeserver_client import HomeserverClient

USER = "@bot:a.test"
SEEDS = Seeds(b"m" * 32, b"s" * 32, b"u" * 32)
DEVICE = {
    "user_id": USER,
    "device_id": "DEV",
    "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
    "keys": {"curve25519:DEV": "c", "ed25519:DEV": "ü"},
    "signatures": {USER: {"ed25519:DEV": "own signature"}},
    "unsigned": {"device_display_name": "Praxis"},
}


def answer() -> dict[str, Any]:
    """A `/keys/query` answer about a signed device."""
    keys = signing_keys(SEEDS, USER)
    device = device_signature(SEEDS, DEVICE)
    return copy.deepcopy(
        {
            "master_keys": {USER: keys["master_key"]},
            "self_signing_keys": {USER: keys["self_signing_key"]},
            "device_keys": {USER: {"DEV": device | {"unsigned": {"device_display_name": "changed"}}}},
        }
    )


def test_seeds_survive_storage() -> None:
    seeds = Seeds.generate()
    assert Seeds.from_bytes(seeds.to_bytes()) == seeds
    assert len({seeds.master, seeds.self_signing, seeds.user_signing}) == 3


def test_seeds_do_not_appear_in_logs() -> None:
    assert "mmm" not in repr(SEEDS)


@pytest.mark.parametrize("name", ["self_signing_key", "user_signing_key"])
def test_the_master_key_signs_the_others(name: str) -> None:
    signed = signing_keys(SEEDS, USER)[name]
    (signature,) = signed["signatures"][USER].values()
    plain = {key: value for key, value in signed.items() if key != "signatures"}
    message = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    master = vodozemac.Ed25519PublicKey.from_base64(public_key(SEEDS.master))
    master.verify_signature(message, vodozemac.Ed25519Signature.from_base64(signature))


def test_a_signed_device_is_accepted() -> None:
    assert verify_device_signed(answer(), USER, "DEV")


OTHER = Seeds(b"x" * 32, b"y" * 32, b"z" * 32)
OTHER_KEYS = signing_keys(OTHER, USER)


def _drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        for key in path[:-1]:
            body = body[key]
        del body[path[-1]]

    return change


def _set(value: Any, *path: str) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        for key in path[:-1]:
            body = body[key]
        body[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_drop("device_keys", USER, "DEV", "signatures"), id="device unsigned"),
        pytest.param(_set("c2", "device_keys", USER, "DEV", "keys", "curve25519:DEV"), id="device key swapped"),
        pytest.param(_set("OTHER", "device_keys", USER, "DEV", "device_id"), id="device renamed"),
        pytest.param(_set("@eve:a.test", "device_keys", USER, "DEV", "user_id"), id="device of another user"),
        pytest.param(_set(OTHER_KEYS["master_key"], "master_keys", USER), id="master replaced"),
        pytest.param(_set(OTHER_KEYS["self_signing_key"], "self_signing_keys", USER), id="self-signing replaced"),
        pytest.param(_drop("self_signing_keys", USER, "signatures"), id="self-signing unsigned"),
        pytest.param(_drop("master_keys", USER), id="no master"),
        pytest.param(_set(["user_signing"], "self_signing_keys", USER, "usage"), id="key of another usage"),
        pytest.param(_set({}, "master_keys", USER, "keys"), id="master without key"),
        pytest.param(_set("x", "device_keys", USER, "DEV", "signatures", USER), id="signatures no mapping"),
        pytest.param(_set(None, "device_keys", USER), id="no devices"),
    ],
)
def test_anything_else_is_not_accepted(change: Callable[[dict[str, Any]], None]) -> None:
    body = answer()
    change(body)
    assert not verify_device_signed(body, USER, "DEV")


async def test_a_real_homeserver_publishes_the_signed_device(person: Person) -> None:
    async with person() as anna:
        keys = await anna.keys_of(anna.user_id)
        assert verify_device_signed(keys, anna.user_id, anna.client.device_id)
        before = json.dumps(keys, sort_keys=True)
        seeds = MemorySeeds()
        with pytest.raises(IdentityBroken, match="private keys are not in the database"):
            await ensure_cross_signed(anna.client, seeds, PASSWORD)
        await seeds.save(Seeds.generate())
        with pytest.raises(IdentityBroken, match="master_key that is not the bot's"):
            await ensure_cross_signed(anna.client, seeds, PASSWORD)
        assert json.dumps(await anna.keys_of(anna.user_id), sort_keys=True) == before


async def test_repeating_it_changes_nothing_and_a_new_device_joins_the_identity(
    homeserver: HomeserverClient, new_user_id: NewUserId, tmp_path: Path
) -> None:
    user_id, seeds = await new_user_id("bot"), MemorySeeds()
    fingerprints = set()
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        client = new_client(homeserver.client_url, user_id, tmp_path / name, uuid4().hex)
        ok(await client.login(PASSWORD))
        ok(await client.keys_upload())
        for _ in range(2):
            fingerprints.add(await ensure_cross_signed(client, seeds, PASSWORD))
        assert verify_device_signed(await query_own_keys(client), user_id, client.device_id)
        await client.close()
    assert len(fingerprints) == 1


async def test_a_homeserver_that_asks_for_the_password_gets_it(person: Person) -> None:
    async with person() as anna:
        seeds = Seeds.generate()  # replacing an identity is the case in which Synapse asks
        await _upload_signing_keys(anna.client, seeds, PASSWORD)
        keys = await anna.keys_of(anna.user_id)
        assert public_key(seeds.master) in keys["master_keys"][anna.user_id]["keys"].values()
