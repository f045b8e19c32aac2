"""Attacks on the defects of matrix-nio that `tim_bots.guard` closes; each is first seen to work on plain nio."""

import asyncio
import base64
import copy
import json
from typing import Any

import pytest
import vodozemac
from nio import (
    AsyncClient,
    AsyncClientConfig,
    EncryptionError,
    KeysClaimResponse,
    KeysQueryResponse,
    MatrixRoom,
    MegolmEvent,
    ToDeviceEvent,
)
from nio.crypto import OlmDevice
from nio.crypto.olm_machine import Olm
from nio.store import SqliteMemoryStore

from tim_bots import guard
from tim_bots.guard import GuardedClient, GuardedOlm, UnsupportedNio, require_supported_nio

ROOM = "!room:a.test"
BOT, ALICE, MALLORY = "@bot:a.test", "@alice:a.test", "@mallory:a.test"


def machine(kind: type[Olm], user_id: str) -> Any:
    return kind(user_id, "DEVICE", SqliteMemoryStore(user_id, "DEVICE", "pickle"))


def device_of(olm: Any) -> OlmDevice:
    return OlmDevice(olm.user_id, olm.device_id, dict(olm.account.identity_keys))


def olm_event(bot: Any, message_type: int, body: str) -> ToDeviceEvent:
    own_key = bot.account.identity_keys["curve25519"]
    return ToDeviceEvent.parse_event(
        {
            "type": "m.room.encrypted",
            "sender": MALLORY,
            "content": {
                "algorithm": "m.olm.v1.curve25519-aes-sha2",
                "sender_key": machine(Olm, MALLORY).account.identity_keys["curve25519"],
                "ciphertext": {own_key: {"type": message_type, "body": body}},
            },
        }
    )


def prekey_message_for_unknown_key(bot: Any) -> str:
    stranger = vodozemac.Account()
    stranger.generate_one_time_keys(1)
    one_time_key = next(iter(stranger.one_time_keys.values()))
    identity = vodozemac.Curve25519PublicKey.from_base64(bot.account.identity_keys["curve25519"])
    session = vodozemac.Account().create_outbound_session(identity, one_time_key)
    _, ciphertext = session.encrypt(b"{}").to_parts()
    return base64.b64encode(ciphertext).decode().rstrip("=")


@pytest.mark.parametrize(
    ("message_type", "body"),
    [
        pytest.param(0, "!!!! not base64", id="N1 bad base64"),
        pytest.param(0, "AAAA", id="N1 short pre-key message"),
        pytest.param(1, "AAAA", id="N1 short message"),
        pytest.param(0, None, id="N1 unknown one-time key"),
    ],
)
def test_a_malformed_to_device_message_costs_only_itself(message_type: int, body: str | None) -> None:
    plain, guarded = machine(Olm, BOT), machine(GuardedOlm, BOT)
    with pytest.raises(ValueError):
        plain.handle_to_device_event(olm_event(plain, message_type, body or prekey_message_for_unknown_key(plain)))
    text = body or prekey_message_for_unknown_key(guarded)
    assert guarded.handle_to_device_event(olm_event(guarded, message_type, text)) is None


def keys_query_with_garbage() -> KeysQueryResponse:
    alice = machine(Olm, ALICE)
    garbage = {"ed25519:DEVICE": "garbage", "curve25519:DEVICE": "garbage"}
    signatures = {MALLORY: {"ed25519:DEVICE": "garbage"}}
    device = {"user_id": MALLORY, "device_id": "DEVICE", "algorithms": [], "keys": garbage, "signatures": signatures}
    return KeysQueryResponse({MALLORY: {"DEVICE": device}, ALICE: {"DEVICE": alice.share_keys()["device_keys"]}}, {})


def test_a_garbage_device_key_costs_only_its_owner() -> None:
    """N2."""
    with pytest.raises(vodozemac.KeyException):
        machine(Olm, BOT).handle_response(keys_query_with_garbage())
    bot = machine(GuardedOlm, BOT)
    response = keys_query_with_garbage()
    bot.handle_response(response)
    assert [device.user_id for device in bot.device_store] == [ALICE]
    assert set(response.changed) == {ALICE}


@pytest.mark.parametrize("odd", [{}, {"user_id": 1}, {"user_id": MALLORY, "device_id": "DEVICE"}, None, []])
def test_a_malformed_device_list_costs_only_its_owner(odd: Any) -> None:
    """N2."""
    bot = machine(GuardedOlm, BOT)
    good = machine(Olm, ALICE).share_keys()["device_keys"]
    bot.handle_response(KeysQueryResponse({MALLORY: {"DEVICE": odd}, ALICE: {"DEVICE": good}}, {}))
    assert [device.user_id for device in bot.device_store] == [ALICE]


def message_of_mallory(bot: Any, claimed_sender: str) -> MegolmEvent:
    """`bot` has Mallory's session; the homeserver puts another name on what she wrote."""
    alice, mallory = machine(Olm, ALICE), machine(Olm, MALLORY)
    for other in (alice, mallory):
        bot.device_store.add(device_of(other))
    session = vodozemac.GroupSession()
    keys = mallory.account.identity_keys
    bot.create_group_session(
        keys["curve25519"], keys["ed25519"], ROOM, session.session_id, session.session_key.to_base64()
    )
    payload = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": "2"}, "room_id": ROOM}
    event = MegolmEvent.from_dict(
        {
            "type": "m.room.encrypted",
            "event_id": "$1",
            "sender": claimed_sender,
            "origin_server_ts": 1,
            "room_id": ROOM,
            "content": {
                "algorithm": "m.megolm.v1.aes-sha2",
                "sender_key": keys["curve25519"],
                "device_id": "DEVICE",
                "session_id": session.session_id,
                "ciphertext": session.encrypt(json.dumps(payload).encode()).to_base64(),
            },
        }
    )
    assert isinstance(event, MegolmEvent)
    return event


def test_a_message_under_another_persons_name_is_not_decrypted() -> None:
    """N5."""
    plain, bot = machine(Olm, BOT), machine(GuardedOlm, BOT)
    assert plain.decrypt_megolm_event(message_of_mallory(plain, ALICE)).sender == ALICE
    with pytest.raises(EncryptionError):
        bot.decrypt_megolm_event(message_of_mallory(bot, ALICE))
    assert bot.users_for_key_query == {ALICE}


def test_a_message_under_its_senders_name_is_decrypted() -> None:
    """N5."""
    bot = machine(GuardedOlm, BOT)
    assert bot.decrypt_megolm_event(message_of_mallory(bot, MALLORY)).body == "2"


def test_a_deleted_device_cannot_speak_for_its_owner() -> None:
    """N5."""
    bot = machine(GuardedOlm, BOT)
    event = message_of_mallory(bot, MALLORY)
    bot.device_store[MALLORY]["DEVICE"].deleted = True
    with pytest.raises(EncryptionError):
        bot.decrypt_megolm_event(event)


@pytest.mark.parametrize("payload", [{}, {"type": "m.room.message", "content": "x"}, {"type": 1, "content": {}}])
def test_odd_decrypted_content_is_undecryptable(payload: dict[str, Any]) -> None:
    """N1, room events."""
    bot = machine(GuardedOlm, BOT)
    event = message_of_mallory(bot, MALLORY)
    session = bot.inbound_group_store.get(ROOM, event.sender_key, event.session_id)

    class Decrypted:
        ed25519 = session.ed25519
        forwarding_chain: list[str] = []  # noqa: RUF012 - never changed

        def decrypt(self, _ciphertext: str) -> tuple[str, int]:
            return json.dumps(payload), 0

    bot.inbound_group_store._entries[ROOM][event.sender_key][event.session_id] = Decrypted()
    decrypted = bot._decrypt_megolm_no_error(event)
    assert decrypted is None or not hasattr(decrypted, "body")


def claim_with_bad_key(mallory: Any, alice: Any) -> KeysClaimResponse:
    def signed(olm: Any, key: str) -> dict[str, Any]:
        plain = {"key": key}
        signature = olm.sign_json(dict(plain))
        return {"signed_curve25519:A": plain | {"signatures": {olm.user_id: {"ed25519:DEVICE": signature}}}}

    alice.account.generate_one_time_keys(1)
    good = next(iter(alice.account.one_time_keys["curve25519"].values()))
    return KeysClaimResponse(
        {MALLORY: {"DEVICE": signed(mallory, "garbage")}, ALICE: {"DEVICE": signed(alice, good)}}, {}
    )


def test_a_bad_one_time_key_costs_only_its_device() -> None:
    """N6."""
    alice, mallory = machine(Olm, ALICE), machine(Olm, MALLORY)
    plain, bot = machine(Olm, BOT), machine(GuardedOlm, BOT)
    for olm in (plain, bot):
        for other in (mallory, alice):
            olm.device_store.add(device_of(other))
    claim = claim_with_bad_key(mallory, alice)
    with pytest.raises(vodozemac.KeyException):
        plain.handle_response(copy.deepcopy(claim))
    bot.handle_response(claim)
    assert bot.session_store.get(device_of(alice).curve25519)


async def client_in_room(kind: type[AsyncClient]) -> Any:
    client = kind("http://127.0.0.1:9", BOT, config=AsyncClientConfig(store=SqliteMemoryStore, max_timeouts=0))
    client.restore_login(BOT, "DEVICE", "token")
    client.rooms[ROOM] = room = MatrixRoom(ROOM, BOT, encrypted=True)
    room.add_member(ALICE, "Alice", None)
    room.members_synced = True
    client.olm.device_store.add(OlmDevice(ALICE, "PHONE", dict(machine(Olm, ALICE).account.identity_keys)))
    return client


@pytest.mark.parametrize(("kind", "is_locked"), [(AsyncClient, True), (GuardedClient, False)])
async def test_a_failed_key_claim_does_not_lock_the_room(kind: type[AsyncClient], *, is_locked: bool) -> None:
    """N6."""
    client = await client_in_room(kind)
    try:
        with pytest.raises(OSError):
            await client.room_send(ROOM, "m.room.message", {})
        if is_locked:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.room_send(ROOM, "m.room.message", {})
        else:
            with pytest.raises(OSError):
                await client.room_send(ROOM, "m.room.message", {})
    finally:
        await client.close()


def test_a_fallback_key_is_published_and_its_private_half_saved_first() -> None:
    """N3."""
    bot = machine(GuardedOlm, BOT)
    content = bot.share_keys()
    (name, key), *more = content["fallback_keys"].items()
    assert not more
    assert name.startswith("signed_curve25519:")
    assert key["fallback"] is True
    assert bot.verify_json(copy.deepcopy(key), bot.account.identity_keys["ed25519"], BOT, "DEVICE")
    saved = bot.store.load_account()
    assert saved._account.fallback_key.keys() == {name.partition(":")[2]}
    assert saved.one_time_keys == bot.account.one_time_keys


def test_the_installed_nio_is_supported() -> None:
    require_supported_nio()


def test_a_nio_without_a_hooked_method_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(guard._HOOKED, Olm, ("_renamed_by_upstream",))
    with pytest.raises(UnsupportedNio, match=r"lacks Olm\._renamed_by_upstream"):
        require_supported_nio()


def test_every_overridden_method_is_checked_at_the_start() -> None:
    for guarded in (GuardedOlm, GuardedClient, guard.WalStore):
        parent = guarded.__mro__[1]
        overridden = {name for name in vars(guarded) if hasattr(parent, name) and not name.startswith("__")}
        assert overridden <= set(guard._HOOKED[parent])
