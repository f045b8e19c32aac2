"""The bot and a client that shuts out whatever is not cross-signed: matrix-js-sdk as strict as Element can be."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import yaml

from tests.bots.conftest import PASSWORD, BotProcess, NewBot, NewUserId, Person
from tests.bots.strict_peer.driver import StrictPeer, require_strict_peer, strict_peer
from tim_bots.cli import new_device
from tim_bots.verification.picture import CODE_KEY
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.members import FREMD

NewPeer = Callable[..., AbstractAsyncContextManager[StrictPeer]]


@pytest.fixture
def server_name() -> str:
    """One that may create rooms of each version."""
    return FREMD.server_name


@pytest.fixture
async def new_peer(homeserver: HomeserverClient, new_user_id: NewUserId) -> Callable[[], Awaitable[Any]]:
    """Creates an account with a strict client."""
    require_strict_peer()

    async def make() -> AbstractAsyncContextManager[StrictPeer]:
        return strict_peer(homeserver.client_url, await new_user_id("strict"), PASSWORD)

    return make


async def running(new_bot: NewBot, **changes: Any) -> BotProcess:
    bot = await new_bot(**changes)
    await bot.start()
    await bot.ready()
    return bot


@pytest.mark.parametrize("trust", ["warn", "refuse"])
async def test_a_strict_client_and_the_bot_talk_in_each_room_version(
    new_bot: NewBot, new_peer: Callable[[], Awaitable[Any]], trust: str
) -> None:
    bot = await running(new_bot, trust=trust)
    async with await new_peer() as anna:
        for version in ("10", "11", "12"):
            room_id = await anna.do("createRoom", invite=[bot.user_id], version=version)
            assert await anna.texts(room_id, 1) == ["room_joined: "]
            await anna.do("send", room=room_id, text=f"Version {version}")
            first, second = await anna.do("heard", room=room_id, count=2)
            assert second["text"] == f"text: Version {version}"
            assert [first["shield"], second["shield"]] == [0, 0]
            assert first["isEncrypted"]
            assert second["isEncrypted"]


async def room_with(bot: BotProcess, anna: StrictPeer) -> str:
    room_id = str(await anna.do("createRoom", invite=[bot.user_id], version="11"))
    assert await anna.texts(room_id, 1) == ["room_joined: "]
    return room_id


async def test_a_person_verifies_the_bot_and_sees_it_as_verified_also_on_a_new_device(
    new_bot: NewBot, new_peer: Callable[[], Awaitable[Any]]
) -> None:
    bot = await running(new_bot)
    async with await new_peer() as anna:
        room_id = await room_with(bot, anna)
        ready = await anna.do("requestVerification", user=bot.user_id, room=room_id)
        assert ready == {"phase": 3, "canSas": True}
        shown = await anna.do("startSas")
        assert len(shown["emoji"]) == 7
        numbers = "-".join(str(number) for number in shown["decimal"])
        assert f"decimals={numbers}" in bot.log_file.read_text()  # what the practice reads out
        done = await anna.do("confirmSas", isSame=True)
        assert done == {"phase": 6, "code": None}
        await anna.do("waitUntilVerified", user=bot.user_id)
        (device_id,) = await anna.do("devicesOf", user=bot.user_id)
        status = await anna.do("statusOf", user=bot.user_id, device=device_id)
        assert status["isUserVerified"]
        assert status["isDeviceVerified"]
        heard = [message["text"] for message in await anna.do("heard", room=room_id, count=2)]
        assert "am Telefon oder vor Ort" in str(heard[1])
        assert not any(symbol in str(heard) for symbol, _name in shown["emoji"])
        await anna.do("send", room=room_id, text="geprüft")
        *_, last = await anna.do("heard", room=room_id, count=3)
        assert (last["text"], last["shield"]) == ("text: geprüft", 0)
        await bot.kill()
        new_device(bot.config)
        await bot.start()
        await bot.ready()
        await anna.do("send", room=room_id, text="und jetzt?")
        *_, last = await anna.do("heard", room=room_id, count=4)
        assert (last["text"], last["shield"]) == ("text: und jetzt?", 0)


async def test_emojis_that_differ_verify_nobody(new_bot: NewBot, new_peer: Callable[[], Awaitable[Any]]) -> None:
    bot = await running(new_bot)
    async with await new_peer() as anna:
        room_id = await room_with(bot, anna)
        await anna.do("requestVerification", user=bot.user_id, room=room_id)
        await anna.do("startSas")
        ended = await anna.do("confirmSas", isSame=False)
        assert (ended["phase"], ended["code"]) == (5, "m.mismatched_sas")
        (device_id,) = await anna.do("devicesOf", user=bot.user_id)
        assert not (await anna.do("statusOf", user=bot.user_id, device=device_id))["isUserVerified"]
        async with asyncio.timeout(20):
            while "outcome=cancelled" not in bot.log_file.read_text():
                await asyncio.sleep(0.05)


async def test_a_person_scans_the_code_that_the_practice_shows(
    new_bot: NewBot, new_peer: Callable[[], Awaitable[Any]], person: Person
) -> None:
    bot = await new_bot()
    async with person() as operator, await new_peer() as anna:
        office = await operator.create_room(invite=[bot.user_id])
        config = yaml.safe_load(bot.config.read_text())
        bot.config.write_text(yaml.safe_dump(config | {"operator_room": office}, allow_unicode=True))
        await bot.start()
        await bot.ready()
        room_id = await room_with(bot, anna)
        await anna.do("requestVerification", user=bot.user_id, room=room_id)
        shown = await operator.wait_for(office, lambda said: said.is_file or said.content.get("msgtype") == "m.image")
        assert (await operator.read_file(shown)).startswith(b"\x89PNG")
        await anna.do("scan", code=shown.content[CODE_KEY])
        await anna.do("waitUntilVerified", user=bot.user_id)
        async with asyncio.timeout(20):
            while "outcome=done" not in bot.log_file.read_text():
                await asyncio.sleep(0.05)
