"""Whose devices get keys and are listened to."""

import copy
from pathlib import Path
from typing import Any

import pytest
from nio import EncryptionError

from tests.bots.guard.machines import ALICE, BOT, MALLORY, ROOM, Talk, device_keys, guarded, keys_query, plain
from tim_bots.cross_signing import Seeds, device_signature, signing_keys
from tim_bots.guard.trust import Published, Standing, Strictness, Trust, read_published
from tim_bots.signatures import public_key

SEEDS = Seeds(b"m" * 32, b"s" * 32, b"u" * 32)
OTHER_SEEDS = Seeds(b"x" * 32, b"y" * 32, b"z" * 32)


def answer(user_id: str, machines: dict[str, Any], seeds: Seeds | None, *, unsigned: tuple[str, ...] = ()) -> Any:
    """A `/keys/query` answer about one user."""
    devices = {device_id: device_keys(olm) for device_id, olm in machines.items()}
    if seeds is None:
        return keys_query({user_id: devices})
    signed = {
        device_id: keys if device_id in unsigned else device_signature(seeds, keys) | {"signatures": both(seeds, keys)}
        for device_id, keys in devices.items()
    }
    keys = signing_keys(seeds, user_id)
    return keys_query(
        {user_id: signed},
        master_keys={user_id: keys["master_key"]},
        self_signing_keys={user_id: keys["self_signing_key"]},
    )


def both(seeds: Seeds, keys: dict[str, Any]) -> dict[str, Any]:
    user_id = keys["user_id"]
    return {user_id: keys["signatures"][user_id] | device_signature(seeds, keys)["signatures"][user_id]}


def strict(path: Path | None = None) -> Any:
    bot = guarded(path=path)
    bot.trust.strictness = Strictness.REFUSE
    return bot


def recipients(bot: Any, user_id: str) -> list[str]:
    return [device.id for device in bot._recipients([user_id])]


@pytest.mark.parametrize("body", [{}, {"master_keys": 5}, {"master_keys": {ALICE: {}}}, {"device_keys": {ALICE: None}}])
def test_a_malformed_answer_proves_nothing(body: dict[str, Any]) -> None:
    assert read_published(body, ALICE) == Published(None, frozenset())


def test_a_signed_device_gets_keys_and_an_unsigned_one_nothing() -> None:
    bot = strict()
    machines = {"PHONE": plain(ALICE, "PHONE"), "LEAK": plain(ALICE, "LEAK")}
    bot.handle_response(answer(ALICE, machines, SEEDS, unsigned=("LEAK",)))
    assert recipients(bot, ALICE) == ["PHONE"]
    assert bot.trust.standing(ALICE, "LEAK") is Standing.UNSIGNED
    for name, is_heard in (("PHONE", True), ("LEAK", False)):
        event = Talk(bot, machines[name]).say()
        if is_heard:
            assert bot.decrypt_megolm_event(event).verified
        else:
            with pytest.raises(EncryptionError):
                bot.decrypt_megolm_event(event)


def test_with_warn_an_unsigned_device_is_served() -> None:
    bot = guarded()
    bot.handle_response(answer(ALICE, {"PHONE": plain(ALICE, "PHONE")}, None))
    assert recipients(bot, ALICE) == ["PHONE"]


async def test_an_identity_is_pinned_and_the_pin_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "crypto.db"
    bot, phone = strict(path), plain(ALICE, "PHONE")
    bot.handle_response(answer(ALICE, {"PHONE": phone}, SEEDS))
    await bot.store.flush()
    bot = strict(path)
    assert recipients(bot, ALICE) == ["PHONE"]  # before any key query of this process
    changed = answer(ALICE, {"PHONE": phone}, OTHER_SEEDS)
    bot.handle_response(copy.deepcopy(changed))
    assert recipients(bot, ALICE) == []
    assert bot.trust.is_changed(ALICE)
    await bot.store.flush()
    bot = strict(path)
    bot.handle_response(copy.deepcopy(changed))  # seen again, it is still not the pinned one
    assert recipients(bot, ALICE) == []
    assert bot.trust.accept(ALICE)
    assert not bot.trust.accept(ALICE)
    assert recipients(bot, ALICE) == ["PHONE"]
    await bot.store.flush()
    assert recipients(strict(path), ALICE) == ["PHONE"]


def test_an_identity_that_vanishes_is_a_changed_one() -> None:
    bot, phone = strict(), plain(ALICE, "PHONE")
    bot.handle_response(answer(ALICE, {"PHONE": phone}, SEEDS))
    bot.handle_response(answer(ALICE, {"PHONE": phone}, None))
    assert bot.trust.standing(ALICE, "PHONE") is Standing.CHANGED
    assert recipients(bot, ALICE) == []


def test_a_device_that_the_homeserver_adds_to_the_bots_account_reads_nothing() -> None:
    """Also with `warn`: the bot knows its own identity and needs nobody's word for it."""
    bot, intruder = guarded(), plain(BOT, "INTRUDER")
    bot.trust.set_own_identity(public_key(SEEDS.master))
    bot.handle_response(answer(BOT, {"INTRUDER": intruder}, OTHER_SEEDS))
    assert recipients(bot, BOT) == []
    bot.handle_response(answer(BOT, {"INTRUDER": intruder}, SEEDS, unsigned=("INTRUDER",)))
    assert recipients(bot, BOT) == []
    bot.handle_response(answer(BOT, {"INTRUDER": intruder}, SEEDS))  # the operator's, with the recovery key
    assert recipients(bot, BOT) == ["INTRUDER"]


def test_a_signature_that_is_taken_away_ends_the_trust_and_is_remembered() -> None:
    bot, phone = strict(), plain(ALICE, "PHONE")
    bot.handle_response(answer(ALICE, {"PHONE": phone}, SEEDS))
    response = answer(ALICE, {"PHONE": phone}, SEEDS, unsigned=("PHONE",))
    bot.handle_response(response)
    assert recipients(bot, ALICE) == []
    assert set(response.changed[ALICE]) == {"PHONE"}


def test_each_change_is_noticed_once() -> None:
    noticed: list[Standing] = []
    trust = Trust(BOT, {}, {}, lambda _user, _peer: None, noticed.append)
    for seeds in (SEEDS, OTHER_SEEDS, OTHER_SEEDS):
        trust.update(answer(MALLORY, {}, seeds).body, MALLORY)
    assert noticed == [Standing.CHANGED]


def test_a_refused_device_is_not_waited_for() -> None:
    bot = strict()
    bot.handle_response(answer(ALICE, {"PHONE": plain(ALICE, "PHONE")}, None))
    assert bot.get_missing_sessions([ALICE]) == {}
    assert list(bot.share_group_session_parallel(ROOM, [ALICE])) == []
    assert bot.reachable([ALICE]) == set()
