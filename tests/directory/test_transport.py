"""One exchange: what is repeated, what is refused, what is garbage."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from tests.directory.conftest import Scripted
from tim_directory.errors import Conflict, DirectoryError, Garbage, NotFound, Refused, Unauthorised, Unavailable
from tim_directory.transport import Request, Transport

GET = Request("search", "GET", "/search/X", [("_text", "Käse & Brot")])
POST = Request("create", "POST", "/owner/X", body={"resourceType": "X"})


def error(status: int, **headers: str) -> web.Response:
    return web.Response(status=status, headers=headers)


def ok(body: str = '{"fine": true}') -> web.Response:
    return web.Response(text=body)


async def slow(_request: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return ok()


async def cut_off(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.close()
    return ok()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_reading_is_tried_again(scripted: Scripted, transport: Transport, status: int) -> None:
    scripted.answers = [error(status), error(status), ok()]
    assert await transport.ask(GET) == {"fine": True}
    assert len(scripted.asked) == 3
    assert scripted.asked[0][1] == "/search/X?_text=K%C3%A4se+%26+Brot"
    assert 0 < scripted.paused[0] <= 0.2 < scripted.paused[1] * 2


async def test_retry_after_is_heeded_but_not_forever(scripted: Scripted, transport: Transport) -> None:
    headers = {"Retry-After": "2"}, {"Retry-After": "86400"}
    scripted.answers = [*(error(503, **one) for one in headers), ok()]
    await transport.ask(GET)
    assert scripted.paused == [2, 5]


async def test_creating_is_not_repeated(scripted: Scripted, transport: Transport) -> None:
    scripted.answers = [error(503)]
    with pytest.raises(Unavailable):
        await transport.ask(POST)
    assert len(scripted.asked) == 1


async def test_no_answer(scripted: Scripted, transport: Transport) -> None:
    scripted.answers = [slow, *[cut_off] * 9]
    with pytest.raises(Unavailable, match="no answer"):
        await transport.ask(GET)


async def test_nobody_there(http: aiohttp.ClientSession, scripted: Scripted) -> None:
    with pytest.raises(Unavailable):
        await Transport(http, "http://127.0.0.1:9", sleep=scripted.sleep).ask(GET)


@pytest.mark.parametrize(
    ("status", "fault"),
    [(400, Refused), (401, Unauthorised), (403, Refused), (404, NotFound), (409, Conflict), (410, NotFound)],
)
async def test_what_is_refused_is_not_repeated(
    scripted: Scripted, transport: Transport, status: int, fault: type[DirectoryError]
) -> None:
    scripted.answers = [error(status)]
    with pytest.raises(fault):
        await transport.ask(GET)


@pytest.mark.parametrize(
    "body",
    [
        '{"message": "no\\nway", "errors": [{"attributeName": "ik", "attributeError": "twice"}, 7]}',
        '{"resourceType": "OperationOutcome", "issue": [{"diagnostics": "no way"}, {"diagnostics": "ik: twice"}]}',
    ],
)
async def test_what_the_directory_said_is_kept_apart_from_the_error(
    scripted: Scripted, transport: Transport, body: str
) -> None:
    scripted.answers = [web.Response(status=400, text=body)]
    with pytest.raises(Refused) as raised:
        await transport.ask(GET)
    assert raised.value.details == ("no way", "ik: twice")
    assert "way" not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [
        ok("<html>"),
        ok("[" * 4000),
        ok("x" * 5000),
        web.Response(body=b"\xff\xfe{"),
        web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    ],
)
async def test_garbage(scripted: Scripted, transport: Transport, answer: web.Response) -> None:
    scripted.answers = [answer]
    with pytest.raises(Garbage):
        await transport.ask(GET)


async def test_an_empty_answer_is_nothing(scripted: Scripted, transport: Transport) -> None:
    scripted.answers = [error(204)]
    assert await transport.ask(GET) is None
