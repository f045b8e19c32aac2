"""The guarded client among real peers: lost and second devices, a stock nio, an unsigned device, a restored store."""

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nio import AsyncClient, AsyncClientConfig, RoomMessageText
from nio.store import SqliteMemoryStore

from tests.bots.conftest import PASSWORD, BotProcess, NewBot, NewUserId, Person
from tim_bots.account import CRYPTO_STORE, new_client
from tim_bots.config import load_config
from tim_bots.cross_signing import Seeds, _upload_signing_keys
from tim_bots.guard import GuardedClient
from tim_bots.identity import commands
from tim_bots.matrix_http import KeysRolledBack, demand, ok
from tim_bots.scripted_user import MemorySeeds
from tim_sandbox.homeserver_client import HomeserverClient


async def running(new_bot: NewBot, **changes: Any) -> BotProcess:
    bot = await new_bot(**changes)
    await bot.start()
    await bot.ready()
    return bot


class StockNio:
    """A person with matrix-nio as it is: no cross-signing."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.heard: list[str] = []
        client.add_event_callback(self._take, RoomMessageText)

    @classmethod
    async def log_in(cls, homeserver: HomeserverClient, user_id: str) -> "StockNio":
        client = AsyncClient(homeserver.client_url, user_id, config=AsyncClientConfig(store=SqliteMemoryStore))
        ok(await client.login(PASSWORD))
        return cls(client)

    def _take(self, _room: Any, event: RoomMessageText) -> None:
        if event.sender != self.client.user_id and event.decrypted:
            self.heard.append(event.body)

    async def sync(self) -> None:
        await self.client.sync(timeout=500)
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()

    async def hears(self, text: str) -> None:
        for _ in range(40):
            await self.sync()
            if text in self.heard:
                return
        raise AssertionError(self.heard)

    async def send(self, room_id: str, text: str) -> None:
        content = {"msgtype": "m.text", "body": text}
        ok(await self.client.room_send(room_id, "m.room.message", content, ignore_unverified_devices=True))


async def test_another_nio_device_is_served_with_warn(
    new_bot: NewBot, homeserver: HomeserverClient, new_user_id: NewUserId
) -> None:
    """Clients of other vendors may lack cross-signing."""
    bot = await running(new_bot)
    bernd = await StockNio.log_in(homeserver, await new_user_id("stock"))
    await bernd.sync()
    state = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]
    room = ok(await bernd.client.room_create(is_direct=True, invite=[bot.user_id], initial_state=state))
    await bernd.hears("room_joined: ")
    await bernd.send(room.room_id, "ohne Signatur")
    await bernd.hears("text: ohne Signatur")
    await bernd.client.close()


async def test_an_unsigned_device_gets_no_keys_and_a_reason_with_refuse(
    new_bot: NewBot, person: Person, homeserver: HomeserverClient
) -> None:
    bot = await running(new_bot, trust="refuse")
    async with person() as anna:
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id)
        second = await StockNio.log_in(homeserver, anna.user_id)  # nobody signed this one
        await second.sync()
        await anna.send(room_id, "geheim?")
        await anna.wait_for(room_id, lambda said: said.text == "text: geheim?")
        await second.sync()
        assert "text: geheim?" not in second.heard
        await second.send(room_id, "vom zweiten Gerät")
        said = await anna.wait_for(room_id, lambda said: "nicht bestätigt" in said.text)
        assert not said.is_encrypted
        assert not any("vom zweiten" in said.text for said in anna.heard(room_id))
        await second.client.close()


async def test_a_person_who_lost_the_device_goes_on_with_a_new_one(
    new_bot: NewBot, person: Person, new_user_id: NewUserId
) -> None:
    bot = await running(new_bot)
    user_id = await new_user_id("anna")
    async with person(user_id) as anna:
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id)
        seeds = anna.seeds
    async with person(user_id, seeds) as anna:
        await anna.until(lambda: room_id in anna.client.rooms)
        await anna.send(room_id, "neues Telefon")
        said = await anna.wait_for(room_id, lambda said: said.text == "text: neues Telefon")
        assert said.is_encrypted


async def test_a_new_identity_is_refused_until_the_operator_accepts_it(
    new_bot: NewBot, person: Person, new_user_id: NewUserId
) -> None:
    bot = await running(new_bot, trust="refuse")
    user_id = await new_user_id("anna")
    async with person(user_id) as anna:
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id)
        seeds = MemorySeeds()
        await seeds.save(reset := Seeds.generate())
        await _upload_signing_keys(anna.client, reset, PASSWORD)
    async with person(user_id, seeds) as anna:
        await anna.until(lambda: room_id in anna.client.rooms)
        await anna.send(room_id, "bin ich es?")
        await anna.wait_for(room_id, lambda said: "Identität hat sich geändert" in said.text)
        await bot.stop()
        async with commands.opened(load_config(bot.config)) as account:
            assert await commands.accept(account, user_id)
            assert not await commands.accept(account, user_id)
        await bot.start()
        await bot.ready()
        await anna.send(room_id, "ich bin es")
        await anna.wait_for(room_id, lambda said: said.text == "text: ich bin es")


async def test_n11_a_restored_crypto_store_is_noticed_and_stops_for_good(
    homeserver: HomeserverClient, new_user_id: NewUserId, person: Person, tmp_path: Path
) -> None:
    user_id, key, directory = await new_user_id("bot"), uuid4().hex, tmp_path / "store"
    directory.mkdir()
    client = new_client(homeserver.client_url, user_id, directory, key)
    ok(await client.login(PASSWORD))
    await client.upload_keys()
    login = (client.user_id, client.device_id, client.access_token)
    await client.close()
    shutil.copytree(directory, tmp_path / "backup")
    async with person() as mallory:
        for place in (directory, tmp_path / "backup"):
            client = restored(homeserver, user_id, place, key, login)
            for _ in range(10):
                claim = {"one_time_keys": {user_id: {client.device_id: "signed_curve25519"}}}
                await demand(mallory.client, "POST", "/_matrix/client/v3/keys/claim", claim)
            client.olm.uploaded_key_count = 40
            if place == directory:
                await client.upload_keys()
            else:
                with pytest.raises(KeysRolledBack, match="new-device"):
                    await client.upload_keys()
            await client.close()
    assert (directory / CRYPTO_STORE).exists()


def restored(
    homeserver: HomeserverClient, user_id: str, directory: Path, key: str, login: tuple[str, str, str]
) -> GuardedClient:
    client = new_client(homeserver.client_url, user_id, directory, key)
    client.restore_login(*login)
    return client
