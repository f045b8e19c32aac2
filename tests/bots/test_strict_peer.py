"""The bot and a client that shuts out whatever is not cross-signed: matrix-js-sdk as strict as Element can be."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.bots.conftest import PASSWORD, BotProcess, NewBot, NewUserId
from tests.bots.strict_peer.driver import StrictPeer, require_strict_peer, strict_peer
from tim_sandbox.homeserver_client import HomeserverClient

NewPeer = Callable[..., AbstractAsyncContextManager[StrictPeer]]


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
