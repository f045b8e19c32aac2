"""One attack for each defect of matrix-nio that the guard closes; each is first seen to work on nio as it is."""

import asyncio
import copy
import dataclasses
import inspect
import itertools
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import vodozemac
from nio import (
    AsyncClient,
    AsyncClientConfig,
    EncryptionError,
    Event,
    KeysClaimResponse,
    MatrixRoom,
    MegolmEvent,
    RoomMemberEvent,
    SyncResponse,
    ToDeviceEvent,
)
from nio.crypto import DeviceStore, OlmDevice
from nio.crypto.olm_machine import Olm
from nio.events import PowerLevelsEvent, RoomCreateEvent
from nio.store import SqliteMemoryStore

from tests.bots.guard.machines import (
    ALICE,
    BOT,
    MALLORY,
    ROOM,
    Talk,
    device_keys,
    device_of,
    guarded,
    keys_query,
    olm_event,
    plain,
    prekey_message_for_unknown_key,
)
from tim_bots import guard
from tim_bots.guard import CryptoStore, GuardedClient, GuardedOlm, Unreadable, hooks, open_crypto_store, parsing
from tim_bots.guard.changes import prune_before
from tim_bots.guard.power import CREATOR_LEVEL, apply_state
from tim_bots.guard.sessions import Devices, OlmSessions, SessionKey
from tim_bots.guard.trust import Strictness
from tim_bots.signatures import unpadded


def sync_response(**parts: Any) -> Any:
    return SyncResponse.from_dict({"next_batch": "s2", "device_one_time_keys_count": {}, "rooms": {}} | parts)


def client_of(kind: type[AsyncClient]) -> Any:
    if kind is GuardedClient:
        client = GuardedClient("http://127.0.0.1:9", BOT, open_crypto_store(None), "pickle")
    else:
        client = kind("http://127.0.0.1:9", BOT, config=AsyncClientConfig(store=SqliteMemoryStore, max_timeouts=0))
    client.restore_login(BOT, "DEVICE", "token")
    return client


def client_in_room(kind: type[AsyncClient], other: OlmDevice) -> Any:
    client = client_of(kind)
    client.rooms[ROOM] = room = MatrixRoom(ROOM, BOT, encrypted=True)
    room.add_member(other.user_id, "Alice", None)
    room.members_synced = True
    client.olm.device_store.add(other)
    return client


@pytest.mark.parametrize(
    ("message_type", "body"),
    [
        pytest.param(0, "!!!! not base64", id="bad base64"),
        pytest.param(0, "AAAA", id="short pre-key message"),
        pytest.param(1, "AAAA", id="short message"),
        pytest.param(0, None, id="unknown one-time key"),
    ],
)
def test_n1_a_malformed_to_device_message_costs_only_itself(message_type: int, body: str | None) -> None:
    stock, bot = plain(), guarded()
    with pytest.raises(ValueError):
        stock.handle_to_device_event(olm_event(stock, message_type, body or prekey_message_for_unknown_key(stock)))
    assert bot.handle_to_device_event(olm_event(bot, message_type, body or prekey_message_for_unknown_key(bot))) is None


@pytest.mark.parametrize("odd", [5, "x", None, [], {"transaction_id": {}}])
def test_n1_an_event_that_the_parser_trips_over_costs_only_itself(odd: Any) -> None:
    content = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": "x", "ciphertext": {"key": 5}}
    bad = {"type": "m.room.encrypted", "sender": MALLORY, "content": content, "unsigned": odd}
    if odd == 5:
        with pytest.raises(AttributeError):
            ToDeviceEvent.parse_event.__wrapped__(copy.deepcopy(bad))
    good = {"type": "m.dummy", "sender": ALICE, "content": {}}
    response = sync_response(to_device={"events": [bad, None, good]})
    assert len(response.to_device_events) == 3
    bot = guarded()
    for event in response.to_device_events:
        bot.handle_to_device_event(event)


ODD: list[Any] = [None, 1, "x", [], {}, True, [1], {"a": 1}]
PARTS = ["type", "content", "sender", "event_id", "origin_server_ts", "state_key", "unsigned", "redacts"]


@pytest.mark.parametrize("parser", parsing.PARSERS)
@pytest.mark.parametrize("event_type", ["m.room.message", "m.room.encrypted", "m.room.member", "m.receipt", "m.tag"])
def test_n1_no_event_stops_a_parser(parser: Any, event_type: str) -> None:
    base = {"type": event_type, "sender": ALICE, "event_id": "$1", "origin_server_ts": 1, "content": {}}
    for part, value in itertools.product(PARTS, ODD):
        parser.parse_event(copy.deepcopy(base | {part: value}))
    for value in ODD:
        parser.parse_event(value)


@pytest.mark.parametrize("key", ["garbage", "", "AAAA", None])
def test_n1_a_bad_room_key_costs_only_itself(key: Any) -> None:
    bot, mallory = guarded(), plain(MALLORY)
    keys = mallory.account.identity_keys
    payload = {
        "type": "m.room_key",
        "sender": MALLORY,
        "sender_device": "DEVICE",
        "recipient": BOT,
        "recipient_keys": {"ed25519": bot.account.identity_keys["ed25519"]},
        "keys": {"ed25519": keys["ed25519"]},
        "content": {"algorithm": "m.megolm.v1.aes-sha2", "room_id": ROOM, "session_id": "x", "session_key": key},
    }
    bot.account.generate_one_time_keys(1)
    session = vodozemac.Account().create_outbound_session(
        vodozemac.Curve25519PublicKey.from_base64(bot.account.identity_keys["curve25519"]),
        next(iter(bot.account._account.one_time_keys.values())),
    )
    kind, ciphertext = session.encrypt(json.dumps(payload).encode()).to_parts()
    event = olm_event(bot, kind, unpadded(ciphertext))
    assert bot.handle_to_device_event(event) is None


@pytest.mark.parametrize("payload", [{}, {"type": "m.room.message", "content": "x"}, {"type": 1, "content": {}}, []])
def test_n1_odd_decrypted_content_is_undecryptable(payload: Any) -> None:
    bot, mallory = guarded(), plain(MALLORY)
    talk = Talk(bot, mallory)
    event = talk.event(talk.session.encrypt(json.dumps(payload).encode()).to_base64())
    decrypted = bot._decrypt_megolm_no_error(event)
    assert decrypted is None or not hasattr(decrypted, "body")


def garbage_device() -> dict[str, Any]:
    garbage = {"ed25519:DEVICE": "garbage", "curve25519:DEVICE": "garbage"}
    signatures = {MALLORY: {"ed25519:DEVICE": "garbage"}}
    return {"user_id": MALLORY, "device_id": "DEVICE", "algorithms": [], "keys": garbage, "signatures": signatures}


def test_n2_a_garbage_device_key_costs_only_its_owner() -> None:
    lists = {MALLORY: {"DEVICE": garbage_device()}, ALICE: {"DEVICE": device_keys(plain(ALICE))}}
    with pytest.raises(vodozemac.KeyException):
        plain().handle_response(keys_query(lists))
    bot, response = guarded(), keys_query(lists)
    bot.handle_response(response)
    assert [device.user_id for device in bot.device_store] == [ALICE]
    assert set(response.changed) == {ALICE}


@pytest.mark.parametrize("odd", [{}, {"user_id": 1}, {"user_id": MALLORY, "device_id": "DEVICE"}, None, [], 5])
def test_n2_a_malformed_device_costs_only_itself(odd: Any) -> None:
    bot = guarded()
    mallory = device_keys(plain(MALLORY, "GOOD"))
    lists = {MALLORY: {"DEVICE": odd, "GOOD": mallory}, ALICE: {"DEVICE": device_keys(plain(ALICE))}}
    bot.handle_response(keys_query(lists))
    assert {(device.user_id, device.id) for device in bot.device_store} == {(MALLORY, "GOOD"), (ALICE, "DEVICE")}


def test_n3_that_all_one_time_keys_are_gone_is_noticed() -> None:
    stock, bot = client_of(AsyncClient), client_of(GuardedClient)
    for client, is_noticed in ((stock, False), (bot, True)):
        client.olm.account.shared = True
        client.olm.uploaded_key_count = 50
        response = sync_response(device_one_time_keys_count={"signed_curve25519": 0})
        (client._take_device_lists if client is bot else client._handle_olm_events)(response)
        assert client.should_upload_keys is is_noticed


async def test_n3_a_fallback_key_is_published_and_its_private_half_saved_first() -> None:
    bot = guarded()
    content = bot.share_keys()
    (name, key), *more = content["fallback_keys"].items()
    assert not more
    assert name.startswith("signed_curve25519:")
    assert key["fallback"] is True
    assert bot.verify_json(copy.deepcopy(key), bot.account.identity_keys["ed25519"], BOT, "DEVICE")
    await bot.store.flush()  # what `GuardedClient.send` does before the request leaves
    saved = bot.store.load_account()
    assert saved._account.fallback_key.keys() == {name.partition(":")[2]}
    assert saved.one_time_keys == bot.account.one_time_keys


@pytest.mark.parametrize("kind", [AsyncClient, GuardedClient])
async def test_n4_a_sync_does_not_move_the_position_on_its_own(kind: type[AsyncClient]) -> None:
    client = client_of(kind)
    await client.receive_response(sync_response())
    assert client.next_batch == ("" if kind is GuardedClient else "s2")
    await client.close()


def test_n5_a_message_under_another_persons_name_is_not_decrypted() -> None:
    for olm, is_fooled in ((plain(), True), (guarded(), False)):
        olm.device_store.add(device_of(plain(ALICE)))
        event = Talk(olm, plain(MALLORY)).say(sender=ALICE)
        if is_fooled:
            assert olm.decrypt_megolm_event(event).sender == ALICE
        else:
            with pytest.raises(EncryptionError):
                olm.decrypt_megolm_event(event)
            assert olm.users_for_key_query == {ALICE}


def test_n5_a_message_under_its_senders_name_is_decrypted() -> None:
    bot = guarded()
    assert bot.decrypt_megolm_event(Talk(bot, plain(MALLORY)).say()).body == "2"


def test_n5_a_deleted_device_cannot_speak_for_its_owner() -> None:
    bot = guarded()
    event = Talk(bot, plain(MALLORY)).say()
    bot.device_store[MALLORY]["DEVICE"].deleted = True
    with pytest.raises(EncryptionError):
        bot.decrypt_megolm_event(event)


def signed_one_time_key(olm: Any, key: str) -> dict[str, Any]:
    unsigned = {"key": key}
    signature = olm.sign_json(dict(unsigned))
    return {"signed_curve25519:A": unsigned | {"signatures": {olm.user_id: {"ed25519:DEVICE": signature}}}}


def test_n6_a_bad_one_time_key_costs_only_its_device() -> None:
    alice, mallory = plain(ALICE), plain(MALLORY)
    stock, bot = plain(), guarded()
    for olm in (stock, bot):
        for other in (mallory, alice):
            olm.device_store.add(device_of(other))
    alice.account.generate_one_time_keys(1)
    good = next(iter(alice.account.one_time_keys["curve25519"].values()))
    keys = {
        MALLORY: {"DEVICE": signed_one_time_key(mallory, "garbage"), "ODD": 5, "EMPTY": {}},
        ALICE: {"DEVICE": signed_one_time_key(alice, good)},
    }
    with pytest.raises(vodozemac.KeyException):
        stock.handle_response(KeysClaimResponse(copy.deepcopy(keys), {}))
    bot.handle_response(KeysClaimResponse(keys, {}))
    assert bot.session_store.get(device_of(alice).curve25519)
    assert not bot.session_store.get(device_of(mallory).curve25519)


@pytest.mark.parametrize(("kind", "is_locked"), [(AsyncClient, True), (GuardedClient, False)])
async def test_n6_a_failed_key_claim_does_not_lock_the_room(kind: type[AsyncClient], *, is_locked: bool) -> None:
    client = client_in_room(kind, device_of(plain(ALICE, "PHONE")))
    try:
        with pytest.raises(OSError):
            await client.room_send(ROOM, "m.room.message", {})
        with pytest.raises(TimeoutError if is_locked else OSError):
            async with asyncio.timeout(0.2):
                await client.room_send(ROOM, "m.room.message", {})
    finally:
        await client.close()


def test_n7_a_device_whose_id_equals_the_bots_gets_the_key() -> None:
    alice = plain(ALICE, "DEVICE")
    alice.account.generate_one_time_keys(1)
    key = next(iter(alice.account.one_time_keys["curve25519"].values()))
    for olm, is_reached in ((plain(), False), (guarded(), True)):
        olm.device_store.add(device_of(alice))
        assert bool(olm.get_missing_sessions([ALICE])) is is_reached
        olm.create_session(key, alice.account.identity_keys["curve25519"])
        requests = list(olm.share_group_session_parallel(ROOM, [ALICE], ignore_unverified_devices=True))
        assert bool(requests) is is_reached


async def test_n9_device_lists_are_fetched_before_events_are_acted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_in_room(GuardedClient, device_of(plain(ALICE, "PHONE")))
    asked: list[set[str]] = []

    async def query() -> None:
        asked.append(set(client.users_for_key_query))
        client.olm.users_for_key_query.clear()

    monkeypatch.setattr(client, "query_keys", query)
    await client.receive_response(sync_response(device_lists={"changed": [ALICE, MALLORY]}))
    assert asked == [{ALICE}]  # Mallory is in no room with the bot
    await client.close()


async def test_n12_a_room_that_was_left_is_gone() -> None:
    client = client_in_room(GuardedClient, device_of(plain(ALICE, "PHONE")))
    client.olm.create_outbound_group_session(ROOM)
    left: dict[str, Any] = {"leave": {ROOM: {"timeline": {"events": []}, "state": {"events": []}}}}
    await client.receive_response(sync_response(rooms=left))
    assert ROOM not in client.rooms
    assert ROOM not in client.olm.outbound_group_sessions
    await client.close()


def withheld(**content: Any) -> Any:
    base = {"algorithm": "m.megolm.v1.aes-sha2", "room_id": ROOM, "session_id": "s", "code": "m.unverified"}
    return ToDeviceEvent.parse_event({"type": "m.room_key.withheld", "sender": ALICE, "content": base | content})


def test_n13_a_withheld_key_is_understood() -> None:
    client = client_of(GuardedClient)
    client.olm.handle_to_device_event(withheld())
    source = {"sender": ALICE, "content": {"session_id": "s"}}
    assert client.why_unreadable(ROOM, source) is Unreadable.WITHHELD
    assert client.why_unreadable(ROOM, source | {"sender": MALLORY}) is None
    assert client.why_unreadable("!other:a.test", source) is None


@pytest.mark.parametrize(
    "content", [{"code": "<b>"}, {"code": 5}, {"session_id": 5}, {"room_id": None}, {"code": None}]
)
def test_n13_a_strangers_code_means_nothing(content: dict[str, Any]) -> None:
    client = client_of(GuardedClient)
    client.olm.handle_to_device_event(withheld(**content))
    assert client.why_unreadable(ROOM, {"sender": ALICE, "content": {"session_id": "s"}}) is None


@pytest.mark.parametrize(
    "source", [{}, {"sender": 5}, {"sender": ALICE, "content": 5}, {"sender": ALICE, "content": {}}]
)
def test_n13_an_odd_event_has_no_reason(source: dict[str, Any]) -> None:
    assert client_of(GuardedClient).why_unreadable(ROOM, source) is None


def test_a_message_of_a_refused_device_has_a_reason() -> None:
    client = client_of(GuardedClient)
    event = Talk(client.olm, plain(ALICE)).say()
    assert client.why_unreadable(ROOM, event.source) is None
    client.olm.trust.strictness = Strictness.REFUSE
    assert client.readable(event, ROOM) is event
    assert client.why_unreadable(ROOM, event.source) is Unreadable.NOT_TRUSTED


def without_sender_key(event: Any, **claims: Any) -> Any:
    content = {key: value for key, value in event.source["content"].items() if key not in {"sender_key", "device_id"}}
    return Event.parse_event(event.source | {"content": content} | claims)


async def test_a_message_without_the_deprecated_sender_key_is_read() -> None:
    client = client_of(GuardedClient)
    talk = Talk(client.olm, plain(ALICE))
    bare = without_sender_key(talk.say("ohne"))
    assert not isinstance(bare, MegolmEvent)
    assert client.readable(bare, ROOM).body == "ohne"
    await client.store.flush()
    client.olm.inbound_group_store._known.clear()
    assert client.readable(without_sender_key(talk.say("noch", "$2")), ROOM).body == "noch"


def test_a_message_without_sender_key_is_nobody_elses() -> None:
    client = client_of(GuardedClient)
    talk = Talk(client.olm, plain(ALICE))
    client.olm.device_store.add(device_of(plain(MALLORY)))
    bare = without_sender_key(talk.say(), sender=MALLORY)
    assert client.readable(bare, ROOM) is bare


async def test_order_and_repetition_change_nothing() -> None:
    """A homeserver that shuffles, repeats, renames and re-dates what was said."""
    bot, alice = guarded(), plain(ALICE)
    talk = Talk(bot, alice)
    events = [talk.say(str(number), f"${number}") for number in range(20)]
    dice = random.Random(3)
    for _ in range(3):
        dice.shuffle(events)
        assert [bot.decrypt_megolm_event(event).body for event in events] == [e.event_id[1:] for e in events]
    for event in events:
        renamed = talk.event(event.ciphertext, "$other")
        redated = talk.event(event.ciphertext, event.event_id, origin_server_ts=2)
        elsewhere = talk.event(event.ciphertext, event.event_id)
        elsewhere.room_id = "!other:a.test"
        for forged in (renamed, redated, elsewhere):
            assert bot._decrypt_megolm_no_error(forged) is None


def state(kind: Any, event_type: str, content: dict[str, Any], sender: str = ALICE) -> Any:
    source = {"type": event_type, "state_key": "", "event_id": "$1", "sender": sender, "origin_server_ts": 1}
    return kind.from_dict(source | {"content": content})


def create(version: str, **more: Any) -> Any:
    return state(RoomCreateEvent, "m.room.create", {"room_version": version} | more)


def levels(**users: int) -> Any:
    named = {f"@{name}:a.test": level for name, level in users.items()}
    return state(PowerLevelsEvent, "m.room.power_levels", {"users": named})


@pytest.mark.parametrize(("version", "level"), [("12", CREATOR_LEVEL), ("13", CREATOR_LEVEL), ("11", 0), ("1", 0)])
def test_n14_creators_of_a_version_12_room_stand_above_all(version: str, level: int) -> None:
    stock, room = MatrixRoom(ROOM, BOT), MatrixRoom(ROOM, BOT)
    room.add_member(ALICE, "Alice", None)
    for event in (create(version, additional_creators=[MALLORY, 5]), levels(bob=50)):
        stock.handle_event(event)
        room.handle_event(event)
        apply_state(room, event)
    assert stock.power_levels.get_user_level(ALICE) == 0
    assert room.power_levels.get_user_level(ALICE) == level
    assert room.power_levels.get_user_level(MALLORY) == level
    assert room.users[ALICE].power_level == level
    assert room.power_levels.get_user_level("@bob:a.test") == 50
    assert room.power_levels.can_user_redact(ALICE) is (level > 0)


def test_n14_who_lost_his_power_does_not_keep_it() -> None:
    room = MatrixRoom(ROOM, BOT)
    for event in (levels(mallory=100), levels(alice=100)):
        room.handle_event(event)
        apply_state(room, event)
        was = room.power_levels.get_user_level(MALLORY)
    assert was == 0


async def test_n15_many_changes_are_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    bot, alice = guarded(), plain(ALICE)
    transactions = []
    write = bot.store._write

    def count(work: Any) -> None:
        transactions.append(work)
        write(work)

    monkeypatch.setattr(bot.store, "_write", count)
    alice.account.generate_one_time_keys(30)
    for number, key in enumerate(alice.account.one_time_keys["curve25519"].values()):
        bot.device_store.add(OlmDevice(ALICE, f"D{number}", {"ed25519": "e", "curve25519": f"c{number}"}))
        bot.create_session(key, alice.account.identity_keys["curve25519"])
    bot.store.save_device_keys({ALICE: bot.device_store[ALICE]})
    assert not transactions
    await bot.store.flush()
    await bot.store.flush()
    assert len(transactions) == 1


def test_n16_adding_a_device_does_not_look_at_the_others() -> None:
    class Loud(OlmDevice):  # type: ignore[misc]  # nio has no types
        compared = 0

        def __eq__(self, other: object) -> bool:
            Loud.compared += 1
            return bool(super().__eq__(other))

        __hash__ = None  # type: ignore[assignment]  # as the dataclass has it

    for kind, is_quadratic in ((DeviceStore, True), (Devices, False)):
        Loud.compared = 0
        devices = kind()
        for number in range(50):
            assert devices.add(Loud(ALICE, f"D{number}", {"ed25519": "e", "curve25519": "c"}))
        assert not devices.add(Loud(ALICE, "D1", {"ed25519": "e", "curve25519": "c"}))
        assert (Loud.compared > 1000) is is_quadratic


async def test_n17_sessions_are_read_when_needed_and_old_ones_deleted(tmp_path: Path) -> None:
    path, alice = tmp_path / "crypto.db", plain(ALICE)
    bot = guarded(path=path)
    talks = [Talk(bot, alice) for _ in range(20)]
    bot.store.save_device_keys({ALICE: bot.device_store[ALICE]})
    await bot.store.flush()
    bot = guarded(path=path)
    assert not bot.inbound_group_store._known
    assert bot.decrypt_megolm_event(talks[3].say("später")).body == "später"
    assert len(bot.inbound_group_store._known) == 1
    await bot.store.flush()
    bot.store._write(prune_before(1, datetime.now(UTC) - timedelta(days=1)))
    assert guarded(path=path)._decrypt_megolm_no_error(talks[4].say()) is not None
    bot.store._write(prune_before(1, datetime.now(UTC) + timedelta(days=1)))
    assert guarded(path=path)._decrypt_megolm_no_error(talks[5].say()) is None
    key = SessionKey(ROOM, talks[3].keys["curve25519"], talks[3].session.session_id)
    assert guarded(path=path).inbound_group_store.known(key) is None


async def test_a_replayed_message_is_refused_also_after_a_restart(tmp_path: Path) -> None:
    path, alice = tmp_path / "crypto.db", plain(ALICE)
    bot = guarded(path=path)
    talk = Talk(bot, alice)
    bot.store.save_device_keys({ALICE: bot.device_store[ALICE]})
    event = talk.say("5", "$1")
    assert bot.decrypt_megolm_event(event).body == "5"
    await bot.store.flush()
    again = talk.event(event.ciphertext, "$2")
    for machine in (bot, guarded(path=path)):
        assert machine.decrypt_megolm_event(event).body == "5"  # the same event may come again
        with pytest.raises(EncryptionError, match="replay"):
            machine.decrypt_megolm_event(again)


async def test_a_later_key_does_not_take_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    path, alice = tmp_path / "crypto.db", plain(ALICE)
    bot = guarded(path=path)
    talk = Talk(bot, alice)
    first = talk.say("first", "$1")
    talk.give_key(bot)  # now of the second message
    bot.store.save_device_keys({ALICE: bot.device_store[ALICE]})
    await bot.store.flush()
    for machine in (bot, guarded(path=path)):
        assert machine.decrypt_megolm_event(first).body == "first"


@pytest.mark.parametrize(
    ("content", "age", "messages"),
    [
        ({}, timedelta(days=7), 100),
        ({"rotation_period_ms": 86_400_000, "rotation_period_msgs": 20}, timedelta(days=1), 20),
        ({"rotation_period_ms": 10**15, "rotation_period_msgs": 10**6}, timedelta(days=7), 100),
        ({"rotation_period_ms": 1, "rotation_period_msgs": 0}, timedelta(hours=1), 1),
        ({"rotation_period_ms": "x", "rotation_period_msgs": True}, timedelta(days=7), 100),
    ],
)
def test_the_rooms_rotation_is_respected(content: dict[str, Any], age: timedelta, messages: int) -> None:
    bot = guarded()
    bot.set_rotation(ROOM, content)
    bot.create_outbound_group_session(ROOM)
    session = bot.outbound_group_sessions[ROOM]
    assert (session.max_age, session.max_messages) == (age, messages)


def test_a_session_that_is_used_up_is_replaced() -> None:
    bot = guarded()
    bot.set_rotation(ROOM, {"rotation_period_msgs": 1})
    bot.create_outbound_group_session(ROOM)
    session = bot.outbound_group_sessions[ROOM]
    session.shared = True
    bot.group_encrypt(ROOM, {"type": "m.room.message", "content": {}})
    assert bot.should_share_group_session(ROOM)


def test_who_begins_session_after_session_fills_no_memory() -> None:
    bot, alice = guarded(), plain(ALICE)
    alice.account.generate_one_time_keys(20)
    for key in alice.account.one_time_keys["curve25519"].values():
        bot.create_session(key, alice.account.identity_keys["curve25519"])
    assert len(bot.session_store[alice.account.identity_keys["curve25519"]]) == 5


async def test_what_leaves_the_process_is_on_the_disk_before(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_in_room(GuardedClient, device_of(plain(ALICE, "PHONE")))
    order: list[str] = []

    async def flush() -> None:
        order.append("flush")

    async def request(*_: Any, **__: Any) -> Any:
        order.append("request")
        return SimpleNamespace(status=500)

    monkeypatch.setattr(client.store, "flush", flush)
    monkeypatch.setattr(AsyncClient, "send", request)
    await client.send("POST", "/")
    assert order == ["flush", "request"]


async def test_a_failed_flush_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "crypto.db"
    bot = guarded(path=path)
    bot.store.save_encrypted_rooms({ROOM})
    with monkeypatch.context() as broken:
        broken.setattr(CryptoStore, "_write", lambda _self, _work: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError):
            await bot.store.flush()
    bot.store.save_encrypted_rooms({"!other:a.test"})
    await bot.store.flush()
    assert guarded(path=path).store.load_encrypted_rooms() == {ROOM, "!other:a.test"}


def test_the_installed_nio_is_supported() -> None:
    guard.require_supported_nio()


def test_a_nio_without_a_hooked_method_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hooks.HOOKED, Olm, ("_renamed_by_upstream",))
    with pytest.raises(guard.UnsupportedNio, match=r"lacks Olm\._renamed_by_upstream"):
        guard.require_supported_nio()


@pytest.mark.parametrize("guarded_class", [GuardedOlm, GuardedClient, Devices, OlmSessions])
def test_every_overridden_method_is_checked_at_the_start(guarded_class: type) -> None:
    parent = guarded_class.__mro__[1]
    overridden = {name for name in vars(guarded_class) if hasattr(parent, name) and not name.startswith("__")}
    assert overridden <= set(hooks.HOOKED[parent])


@pytest.mark.parametrize("guarded_class", [GuardedOlm, GuardedClient])
def test_every_overridden_method_still_takes_what_nio_passes(guarded_class: type) -> None:
    parent = guarded_class.__mro__[1]
    for name in hooks.HOOKED[parent]:
        own, stock = vars(guarded_class).get(name), getattr(parent, name)
        if own is None or isinstance(own, property) or name in {"send", "create_matrix_response"}:
            continue
        assert list(inspect.signature(own).parameters) == list(inspect.signature(stock).parameters), name


def test_events_that_nio_makes_have_what_the_guard_reads() -> None:
    """`_apply_rooms` replaces a room's state and reads raw events; both break in silence if nio changes them."""
    source = {"type": "m.room.member", "state_key": ALICE, "sender": ALICE, "event_id": "$1", "origin_server_ts": 1}
    event = RoomMemberEvent.from_dict(source | {"content": {"membership": "join"}})
    assert event.source["type"] == "m.room.member"
    info = sync_response(rooms={"join": {ROOM: {"state": {"events": []}, "timeline": {"events": []}}}}).rooms.join[ROOM]
    assert dataclasses.replace(info, state=[event]).state == [event]
