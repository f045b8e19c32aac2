"""Invites: one that came before the inviter's homeserver stored it is accepted; one that is refused for good ends."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nio import AsyncClient

from tim_bots import invites
from tim_bots.cipher import Cipher
from tim_bots.database import Database, open_engine
from tim_bots.inbox import Arrival, Inbox, Kind, State
from tim_bots.invites import Invites
from tim_bots.queues import Queues

CIPHER = Cipher(os.urandom(32))
INVITE = Arrival("invite !a:a.test s1", "!a:a.test", Kind.INVITE, State.READY, {"sender": "@anna:a.test"})


class Homeserver:
    """Refuses the first joins with 403, as a homeserver does that has not stored the invite yet."""

    access_token = "token"

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.joins = 0

    async def send(self, _method: str, path: str, *_args: Any, **_options: Any) -> Any:
        if path.endswith("/join"):
            self.joins += 1
            if self.joins <= self.refusals:
                return SimpleNamespace(status=403, body={"errcode": "M_FORBIDDEN"})
        return SimpleNamespace(status=200, body={"algorithm": "m.megolm.v1.aes-sha2"})

    async def parse_body(self, response: Any) -> Any:
        return response.body


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(open_engine(tmp_path / "bot.db"))
    inbox = Inbox(CIPHER)
    await database.transaction(lambda connection: inbox.store(connection, [INVITE], "s1", datetime.now(UTC)))
    yield database
    database.close()


async def settle(database: Database, homeserver: Homeserver) -> None:
    """Run until the invite is dealt with."""
    inbox, is_settled = Inbox(CIPHER), asyncio.Event()
    task = asyncio.create_task(
        Invites(
            client=cast("AsyncClient", homeserver),
            database=database,
            queues=Queues.of(CIPHER),
            notify=is_settled.set,
        ).run()
    )
    async with asyncio.timeout(10):
        while await database.transaction(lambda connection: inbox.in_state(connection, [State.READY], Kind.INVITE)):
            with suppress(TimeoutError):
                await asyncio.wait_for(is_settled.wait(), 0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    wait: Callable[[], Any] = lambda: iter([0.01] * 100)  # noqa: E731 - replaces a function by a shorter one
    monkeypatch.setattr(invites, "delays", wait)


@pytest.mark.parametrize("refusals", [0, 1, 5])
async def test_an_invite_that_is_refused_at_first_is_accepted_in_the_end(database: Database, refusals: int) -> None:
    homeserver = Homeserver(refusals)
    await settle(database, homeserver)
    assert homeserver.joins == refusals + 1
    (joined,) = await database.transaction(lambda c: Inbox(CIPHER).in_state(c, [State.READY], Kind.MESSAGE))
    assert joined.content == {"sender": "@anna:a.test", "kind": "room_joined", "text": ""}


async def test_an_invite_that_is_refused_for_good_is_given_up(database: Database) -> None:
    homeserver = Homeserver(refusals=1000)
    await settle(database, homeserver)
    assert homeserver.joins == 6
    assert await database.transaction(lambda c: Inbox(CIPHER).count(c, [State.READY])) == 0
