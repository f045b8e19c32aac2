"""`tim bot identity` against a real homeserver, and with a strict client that has nothing but the recovery key."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from nio import AsyncClient
from typer.testing import CliRunner

from tests.bots.conftest import PASSWORD, BotProcess, NewBot, Person
from tests.bots.strict_peer.driver import require_strict_peer, strict_peer
from tim_bots.cli import app
from tim_bots.config import load_config
from tim_bots.cross_signing import IdentityBroken, Seeds
from tim_bots.identity import commands
from tim_bots.identity.fingerprint import directory_entry, grouped, terminal_qr
from tim_bots.identity.key_backup import KeyBackup
from tim_bots.identity.recovery_key import BadRecoveryKey, read_recovery_key, write_recovery_key
from tim_bots.identity.secret_storage import NoSecretStorage
from tim_bots.matrix_http import demand
from tim_bots.schema import StateUnusable
from tim_bots.signatures import unpadded, verify_device_signed
from tim_sandbox.homeserver_client import HomeserverClient


async def init(bot: BotProcess, **arguments: Any) -> tuple[str, str]:
    async with commands.opened(load_config(bot.config)) as account:
        return await commands.init(account, **arguments)


async def recover(bot: BotProcess, recovery_key: str) -> str:
    async with commands.opened(load_config(bot.config)) as account:
        return await commands.recover(account, recovery_key)


def lose_state(config: Path) -> None:
    shutil.rmtree(config.parent / "state")


async def test_the_identity_comes_back_with_nothing_but_the_recovery_key(new_bot: NewBot, person: Person) -> None:
    bot = await new_bot()
    master_key, recovery_key = await init(bot)
    await bot.start()
    await bot.ready()
    async with person() as anna:
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id)
        before = await anna.keys_of(bot.user_id)
        await bot.kill()
        lose_state(bot.config)
        with pytest.raises(BadRecoveryKey):
            await recover(bot, write_recovery_key(b"x" * 32))
        assert await recover(bot, recovery_key) == master_key
        with pytest.raises(commands.IdentityExists):
            await recover(bot, recovery_key)
        await bot.start()
        await bot.ready()
        after = await anna.keys_of(bot.user_id)
        assert after["master_keys"][bot.user_id]["keys"] == before["master_keys"][bot.user_id]["keys"]
        (new_device,) = set(after["device_keys"][bot.user_id]) - set(before["device_keys"][bot.user_id])
        assert verify_device_signed(after, bot.user_id, new_device)
        await anna.send(room_id, "wieder da?")
        await anna.wait_for(room_id, lambda said: said.text == "text: wieder da?")


async def test_a_lost_state_without_recovery_is_an_alarm_and_no_new_identity(new_bot: NewBot, person: Person) -> None:
    bot = await new_bot()
    await bot.start()
    await bot.ready()
    await bot.kill()
    lose_state(bot.config)
    with pytest.raises(NoSecretStorage):
        await recover(bot, write_recovery_key(b"x" * 32))
    async with person() as anna:
        before = await anna.keys_of(bot.user_id)
        await bot.start()
        assert bot.process
        assert await bot.process.wait() == 1
        assert "private keys are not in the database" in bot.log_file.read_text()
        after = await anna.keys_of(bot.user_id)
        assert after["master_keys"] == before["master_keys"]


async def test_there_is_one_recovery_key_until_the_operator_asks_for_another(new_bot: NewBot) -> None:
    bot = await new_bot()
    master_key, first = await init(bot)
    with pytest.raises(commands.RecoveryKeyExists):
        await init(bot)
    again, second = await init(bot, is_replaced=True)
    assert again == master_key
    assert first != second
    lose_state(bot.config)
    with pytest.raises(BadRecoveryKey):
        await recover(bot, first)
    assert await recover(bot, second) == master_key


async def test_a_published_identity_that_is_not_the_recovered_one_is_an_alarm(
    new_bot: NewBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await new_bot()
    _, recovery_key = await init(bot)
    lose_state(bot.config)

    async def fetch(_client: AsyncClient, _key: bytes) -> Seeds:
        return Seeds.generate()

    monkeypatch.setattr(commands, "fetch_seeds", fetch)
    with pytest.raises(IdentityBroken):
        await recover(bot, recovery_key)
    async with commands.opened(load_config(bot.config)) as account:
        assert await account.seeds.load() is None


async def test_a_strict_client_recovers_the_identity_and_reads_the_rooms(
    new_bot: NewBot, person: Person, homeserver: HomeserverClient
) -> None:
    require_strict_peer()
    bot = await new_bot()
    _, recovery_key = await init(bot)
    await bot.start()
    await bot.ready()
    async with person() as anna:
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id)
        await anna.send(room_id, "Grüß Gott")
        await anna.wait_for(room_id, lambda said: said.text == "text: Grüß Gott")
        keys = await anna.keys_of(bot.user_id)
        (bot_device,) = keys["device_keys"][bot.user_id]

        async def backed_up() -> int:
            admin = await homeserver.login(bot.user_id[1:].partition(":")[0], PASSWORD)
            version = await admin.request("GET", "/_matrix/client/v3/room_keys/version")
            return int(version.body["count"])

        while await backed_up() < 2:  # Anna's session and the bot's own
            pass
    async with strict_peer(homeserver.client_url, bot.user_id, PASSWORD, recovery_key) as operator:
        recovered = await operator.do("recover")
        assert recovered["isReady"] is True
        assert recovered["imported"] >= 2
        status = await operator.do("statusOf", user=bot.user_id, device=bot_device)
        assert status["isDeviceVerified"] is True
        texts = await operator.do("history", room=room_id)
        assert {"room_joined: ", "Grüß Gott", "text: Grüß Gott"} <= set(texts)


async def test_a_backup_under_a_foreign_key_gets_nothing(new_bot: NewBot) -> None:
    bot = await new_bot()
    await init(bot)
    async with commands.opened(load_config(bot.config)) as account, account.online() as client:
        seeds = await account.seeds.load()
        assert seeds
        assert await KeyBackup(client, seeds).open()
        foreign = KeyBackup(client, Seeds.generate())
        body = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": foreign._auth()}
        await demand(client, "POST", "/_matrix/client/v3/room_keys/version", body)
        client.olm.create_outbound_group_session("!room:a.test")
        backup = KeyBackup(client, seeds)
        assert not await backup.open()
        assert await backup.upload() == 0
        assert len(await client.store.not_backed_up(10)) == 1


async def test_what_was_uploaded_once_is_not_uploaded_again(new_bot: NewBot) -> None:
    bot = await new_bot()
    await init(bot)
    async with commands.opened(load_config(bot.config)) as account, account.online() as client:
        seeds = await account.seeds.load()
        assert seeds
        backup = KeyBackup(client, seeds)
        assert await backup.open()
        for number in range(120):
            client.olm.create_outbound_group_session(f"!room{number}:a.test")
        assert await backup.upload() == 120
        assert await backup.upload() == 0


async def test_the_commands_refuse_to_run_beside_the_bot_but_show_does_not(new_bot: NewBot) -> None:
    bot = await new_bot()
    await bot.start()
    await bot.ready()
    with pytest.raises(StateUnusable):
        await init(bot)
    master_key = await commands.show(load_config(bot.config))
    assert f"master_key={master_key}" in bot.log_file.read_text()


async def test_nothing_is_shown_before_there_is_something(new_bot: NewBot) -> None:
    bot = await new_bot()
    with pytest.raises(commands.NoIdentity):
        await commands.show(load_config(bot.config))


def test_the_fingerprint_is_shown_as_text_and_as_a_code() -> None:
    assert grouped("abcdefghij") == "abcd efgh ij"
    drawing = terminal_qr(directory_entry("@bot:a.test", "k" * 43))
    assert len(drawing.splitlines()) > 10
    assert "▀" in drawing or "█" in drawing


def test_the_commands_are_there() -> None:
    result = CliRunner().invoke(app, ["identity", "--help"])
    assert all(name in result.output for name in ("init", "show", "recover"))


async def test_the_private_keys_are_nowhere_in_clear(new_bot: NewBot) -> None:
    bot = await new_bot()
    _, recovery_key = await init(bot)
    async with commands.opened(load_config(bot.config)) as account:
        seeds = await account.seeds.load()
    assert seeds
    secrets = [seeds.master, seeds.self_signing, seeds.user_signing, read_recovery_key(recovery_key)]
    written = [recovery_key.encode(), *secrets, *(unpadded(secret).encode() for secret in secrets)]
    state = bot.config.parent / "state"
    for content in [file.read_bytes() for file in list_files(state)]:
        assert not any(secret in content for secret in written)


def list_files(directory: Path) -> list[Path]:
    return [file for file in directory.iterdir() if file.is_file()]
