"""Asking the VZD where users are listed (1.1, check level 3), against servers that behave and that do not."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from tests.synapse.http_server import plain_agent, serving
from tests.synapse.reactor import running_reactor, twisted
from tim_policy.circuit_breaker import MAX_FAILURES, PAUSE
from tim_policy.directory.where_is import DirectoryPart, Whereabouts
from tim_policy.names import UserId, parse_user_id
from tim_synapse.vzd_tokens import AUTHENTICATE_PATH, TOKEN_PATH, ProviderTokens
from tim_synapse.where_is import MAX_AGE, PATH, WhereIs

pytestmark = pytest.mark.requirement("AF_10061")

INVITER, INVITEE = parse_user_id("@schwester.anna:pflege.tim.test"), parse_user_id("@a=b/c:praxis.tim.test")
Answer = Callable[[str], Awaitable[web.StreamResponse]]


@dataclass
class Directory:
    """A VZD that answers `whereIs` as a test says, and what it was asked; tokens can be forgotten."""

    answer: Answer
    asked: list[str] = field(default_factory=list)
    token: int = 1

    async def where_is(self, request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] != f"Bearer provider-{self.token}":
            return web.Response(status=401)
        self.asked.append(request.query["mxid"])
        return await self.answer(request.query["mxid"])

    async def give_token(self, _: web.Request) -> web.Response:
        return web.json_response({"access_token": "client"})

    async def authenticate(self, _: web.Request) -> web.Response:
        return web.json_response({"access_token": f"provider-{self.token}"})


class Clock:
    """Stands still until a test moves it."""

    now = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def asking(answer: Answer, clock: Clock, seconds: float = 4.0) -> AsyncIterator[tuple[WhereIs, Directory]]:
    directory = Directory(answer)
    app = web.Application()
    app.router.add_get(PATH, directory.where_is)
    app.router.add_post(TOKEN_PATH, directory.give_token)
    app.router.add_get(AUTHENTICATE_PATH, directory.authenticate)
    reactor: Any = running_reactor()
    async with serving(app) as address:
        agent = plain_agent(reactor)
        tokens = ProviderTokens(address, address, "client", "secret", agent, reactor, clock)
        yield WhereIs(address, tokens, agent, reactor, clock, seconds), directory


def saying(part: object) -> Answer:
    async def answer(_: str) -> web.StreamResponse:
        return web.json_response(part)

    return answer


async def ask(where_is: WhereIs, inviter: UserId = INVITER, invitee: UserId = INVITEE) -> Whereabouts | None:
    return await twisted(where_is.of_invite(inviter, invitee))


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_listed_service_is_asked_for_alone_and_remembered(clock: Clock) -> None:
    async with asking(saying("org"), clock) as (where_is, directory):
        for _ in range(3):
            assert await ask(where_is) == Whereabouts(DirectoryPart.ORGANISATION)
        assert directory.asked == ["matrix:u/a=b%2Fc:praxis.tim.test"]
        clock.now += MAX_AGE
        await ask(where_is)
        assert len(directory.asked) == 2
        clock.now -= timedelta(days=1)  # an answer from the future is none
        await ask(where_is)
        assert len(directory.asked) == 3


async def test_the_inviter_of_a_practitioner_is_looked_up_too(clock: Clock) -> None:
    async with asking(saying("pract"), clock) as (where_is, directory):
        assert await ask(where_is) == Whereabouts(DirectoryPart.PRACTITIONER, DirectoryPart.PRACTITIONER)
        assert directory.asked == ["matrix:u/a=b%2Fc:praxis.tim.test", "matrix:u/schwester.anna:pflege.tim.test"]


async def test_a_forgotten_token_is_renewed_once(clock: Clock) -> None:
    async with asking(saying("org"), clock) as (where_is, directory):
        await ask(where_is)
        directory.token += 1
        clock.now += MAX_AGE
        assert await ask(where_is) == Whereabouts(DirectoryPart.ORGANISATION)


async def _huge(_: str) -> web.StreamResponse:
    return web.Response(body=b'"org"' + b" " * 5000)


async def _slow(_: str) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.json_response("org")


async def _broken(_: str) -> web.StreamResponse:
    return web.json_response("org", status=500)


async def _elsewhere(_: str) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


@pytest.mark.parametrize(
    "answer", [saying("Org"), saying(["org"]), saying(None), _huge, _slow, _broken, _elsewhere], ids=range(7)
)
async def test_whatever_is_no_answer_is_not_known_and_not_remembered(clock: Clock, answer: Answer) -> None:
    async with asking(answer, clock, seconds=0.3) as (where_is, directory):
        assert await ask(where_is) is None
        directory.answer = saying("org")
        assert await ask(where_is) == Whereabouts(DirectoryPart.ORGANISATION)


async def test_a_directory_that_fails_is_left_alone_and_tried_again(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tim_synapse.where_is")
    async with asking(_broken, clock) as (where_is, directory):
        for _ in range(10):
            assert await ask(where_is) is None
        assert len(directory.asked) == MAX_FAILURES
        clock.now += PAUSE
        directory.answer = saying("org")
        assert await ask(where_is) == Whereabouts(DirectoryPart.ORGANISATION)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert not any(name in caplog.text for name in ("a=b", "anna", "praxis.tim.test", "secret", "127.0.0.1"))


async def test_addresses_that_the_directory_refuses_do_not_stop_it_for_others(clock: Clock) -> None:
    async def refusing(mxid: str) -> web.StreamResponse:
        return web.Response(status=400) if "evil" in mxid else web.json_response("org")

    async with asking(refusing, clock) as (where_is, _):
        for number in range(MAX_FAILURES * 3):
            evil = parse_user_id(f"@evil{number}:fremd.test")
            assert await ask(where_is, invitee=evil) == Whereabouts(DirectoryPart.NONE)
        assert await ask(where_is) == Whereabouts(DirectoryPart.ORGANISATION)


async def test_a_dead_machine_is_not_known(clock: Clock) -> None:
    reactor: Any = running_reactor()
    agent = plain_agent(reactor)
    address = "http://127.0.0.1:9"
    tokens = ProviderTokens(address, address, "client", "secret", agent, reactor, clock)
    assert await ask(WhereIs(address, tokens, agent, reactor, clock)) is None
