"""The REST API: as described, for the bearer of the token only, and exactly once."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import schemathesis
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from sqlalchemy import Engine, text

from tests.bots.counter.conftest import ROOM, STAFF_ROOM, World, cipher, engine, world
from tim_bots.api.config import ApiConfig
from tim_bots.api.models import MAX_BODY_BYTES
from tim_bots.api.service import Api
from tim_bots.appointment.booking_book import BookingBook
from tim_bots.cipher import Cipher
from tim_bots.counter.case import Accept
from tim_bots.counter.states import State
from tim_bots.database import Database
from tim_bots.dialogue.who import Lookup
from tim_bots.queues import Queues
from tim_policy.errors import ConfigError

__all__ = ["cipher", "engine", "world"]

TOKEN = "a-token-of-at-least-thirty-two-characters"
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def write_token(directory: Path, token: str = TOKEN) -> Path:
    file = directory / "api.token"
    file.touch(mode=0o600)
    file.write_text(token)
    return file


class Client:
    """A program of the practice."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.url = url.rstrip("/")

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self._http.get(self.url + path, headers={"Authorization": f"Bearer {TOKEN}"} | headers) as response:
            return response.status, await response.json()

    async def decide(self, number: Any, key: str = "key-0001", /, **body: Any) -> tuple[int, Any]:
        return await self.post(number, {"member": "klar", "decision": "accept"} | body, key)

    async def post(self, number: Any, body: Any, key: str = "key-0001", **how: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
        sent = how or {"json": body}
        async with self._http.post(f"{self.url}/v1/requests/{number}/decision", headers=headers, **sent) as response:
            return response.status, await response.json()


@pytest.fixture
def queues(cipher: Cipher) -> Queues:
    return Queues.of(cipher)


@pytest.fixture
async def client(world: World, engine: Engine, cipher: Cipher, queues: Queues, tmp_path: Path) -> AsyncIterator[Client]:
    world.now = datetime.now(UTC)
    database = Database(engine)
    config = ApiConfig(port=1, token_file=write_token(tmp_path))
    api = Api(config, world.counter, database, queues, cipher, lambda: None)
    async with TestServer(api.application()) as server, aiohttp.ClientSession() as http:
        yield Client(str(server.make_url("")), http)
    database.close()


@pytest.fixture
def sent(engine: Engine) -> Callable[[], list[tuple[str, str]]]:
    """What waits to be sent: room and kind, in order."""

    def look() -> list[tuple[str, str]]:
        with engine.begin() as connection:
            rows = connection.execute(text("SELECT room_id, action FROM outbox ORDER BY id")).all()
        return [(row.room_id, row.action) for row in rows]

    return look


async def test_open_requests_are_listed_with_the_urgent_first(client: Client, world: World) -> None:
    world.open()
    status, answer = await client.get("/v1/requests")
    assert status == 200
    assert answer["total"] == 1
    assert answer["requests"][0] | {"case_id": "", "opened_at": ""} == {
        "number": 1,
        "case_id": "",
        "kind": "test",
        "title": "Rezeptanfrage",
        "lines": ["Ramipril 5 mg, 100 Stück"],
        "urgency": "routine",
        "asker": "@anna:pflege.tim.test",
        "organisation": "Pflegedienst Sonne",
        "opened_at": "",
        "state": "open",
        "claimed_by": None,
        "needs_doctor": False,
        "is_overdue": False,
    }
    assert (await client.get("/v1/requests/1"))[1]["number"] == 1
    assert (await client.get("/v1/requests/2"))[0] == 404


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00e4", TOKEN]
)
@pytest.mark.parametrize("path", ["/v1/requests", "/openapi.json", "/anything"])
async def test_without_the_token_nothing_is_told(client: Client, world: World, header: str, path: str) -> None:
    world.open()
    status, answer = await client.get(path, Authorization=header)
    assert (status, answer["error"]) == (401, "unauthorized")


async def test_a_decision_sent_again_is_carried_out_once(
    client: Client, world: World, sent: Callable[[], list[tuple[str, str]]]
) -> None:
    number = world.open()
    first = await client.decide(number, text="liegt bereit")
    assert (first[0], first[1]["state"]) == (200, "accepted")
    answers = await asyncio.gather(*(client.decide(number, text="liegt bereit") for _ in range(5)))
    assert answers == [first] * 5
    assert len(world.flow.decided) == 1
    assert sent() == [(ROOM, "send_event"), (STAFF_ROOM, "send_event")]
    assert (await client.decide(number, text="anderes"))[0] == 422
    assert (await client.decide(number, "key-0002"))[1]["error"] == "closed"
    assert len(sent()) == 2


async def test_decisions_are_held_to_the_rules_of_the_counter(client: Client, world: World) -> None:
    number = world.open()
    assert (await client.decide(number, "key-0001", member="mallory"))[0] == 403
    assert (await client.decide(number, "key-0002", decision="take"))[1]["claimed_by"] == "klar"
    assert (await client.decide(number, "key-0003", member="ott"))[1]["error"] == "taken"
    assert (await client.decide(number, "key-0004", decision="hand_over"))[1]["needs_doctor"] is True
    status, answer = await client.decide(number, "key-0005")
    assert (status, answer["error"]) == (403, "for_doctors")
    assert (await client.decide(number, "key-0006", decision="decline", text="geht nicht", member="weber"))[0] == 409
    assert world.stored(number).standing.state is State.OPEN
    assert (await client.decide(number, "key-0007", member="weber"))[0] == 200


async def test_a_document_goes_to_the_flow_under_a_clean_name(client: Client, world: World) -> None:
    file = {"name": "../../Befund.pdf", "mime_type": "application/pdf", "data": base64.b64encode(b"%PDF-1.7").decode()}
    assert (await client.decide(world.open(), file=file))[0] == 200
    (decision,) = [one[1] for one in world.flow.decided]
    assert isinstance(decision, Accept)
    attachment = decision.attachment
    assert attachment is not None
    assert (attachment.file_name, attachment.data) == ("Befund.pdf", b"%PDF-1.7")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "x",
        {"member": "klar"},
        {"member": "klar", "decision": "maybe"},
        {"member": "klar", "decision": "decline"},
        {"member": "klar", "decision": "decline", "text": "  "},
        {"member": "klar", "decision": "ask"},
        {"member": "klar", "decision": "take", "text": "x"},
        {"member": "klar", "decision": "accept", "text": "x" * 9000},
        {"member": "klar", "decision": "accept", "more": 1},
        {"member": "klar", "decision": "accept", "file": {"name": "a", "mime_type": "a/b", "data": "AAA"}},
        {"member": "klar", "decision": "accept", "file": {"name": "a", "mime_type": "a/b\r\n", "data": "AAAA"}},
        {"member": "../klar", "decision": "accept"},
    ],
)
async def test_what_is_not_as_described_changes_nothing(client: Client, world: World, body: Any) -> None:
    number = world.open()
    status, answer = await client.post(number, body)
    assert (status, answer["error"]) == (400, "bad_request")
    assert world.stored(number).standing.state is State.OPEN


async def test_faults_never_repeat_what_was_sent(client: Client, world: World) -> None:
    _, answer = await client.decide(world.open(), decision="Kanarienvogel", text=["Kanarienvogel"])
    assert "Kanarienvogel" not in str(answer)


@pytest.mark.parametrize("number", ["0", "-1", "x", "1e3", "99999999", "%00", "\u0661"])
async def test_what_is_no_number_is_refused(client: Client, number: str) -> None:
    assert (await client.decide(number))[0] in {400, 404}


async def test_other_bodies_and_keys_are_refused(client: Client, world: World) -> None:
    number = world.open()
    assert (await client.decide(number, "short"))[0] == 400
    assert (await client.post(number, None, data=b"{}"))[0] == 400
    broken = aiohttp.payload.BytesPayload(b'{"member"', content_type="application/json")
    assert (await client.post(number, None, data=broken))[0] == 400
    large = aiohttp.payload.BytesPayload(b" " * (MAX_BODY_BYTES + 1), content_type="application/json")
    assert (await client.post(number, None, data=large))[0] == 413


@pytest.mark.parametrize("token", ["short", ""])
def test_a_weak_token_is_refused(world: World, engine: Engine, cipher: Cipher, tmp_path: Path, token: str) -> None:
    config = ApiConfig(port=1, token_file=write_token(tmp_path, token))
    with pytest.raises(ConfigError, match=r"api\.token_file"):
        Api(config, world.counter, Database(engine), Queues.of(cipher), cipher, lambda: None)


async def test_booked_appointments_are_listed(client: Client, engine: Engine, cipher: Cipher) -> None:
    book, who = BookingBook(cipher, "practice"), Lookup(cipher).who(ROOM, "@anna:pflege.tim.test")
    start = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    with engine.begin() as connection:
        booked = book.book(connection, who, start, start + timedelta(minutes=15))
        gone = book.book(connection, who, start + timedelta(hours=1), start + timedelta(hours=2))
        assert booked is not None
        assert gone is not None
        book.cancel(connection, who, gone)
    status, answer = await client.get("/v1/appointments?from=2026-11-24T00:00:00%2B01:00&to=2026-11-25T00:00:00Z")
    assert (status, answer) == (
        200,
        {
            "appointments": [
                {
                    "reference": booked.reference,
                    "start": "2026-11-24T09:00:00Z",
                    "end": "2026-11-24T09:15:00Z",
                    "user_id": "@anna:pflege.tim.test",
                    "version": 0,
                }
            ]
        },
    )
    later = await client.get("/v1/appointments?from=2026-11-24T09:00:01Z&to=2026-11-25T00:00:00Z")
    assert later == (200, {"appointments": []})


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=2026-11-24T00:00:00Z",
        "from=x&to=y",
        "from=2026-11-24T00:00:00&to=2026-11-25T00:00:00",
        "from=2026-11-25T00:00:00Z&to=2026-11-24T00:00:00Z",
        "from=2026-11-24T00:00:00Z&to=2027-11-24T00:00:00Z",
        "from=2026-13-24T00:00:00Z&to=2026-14-24T00:00:00Z",
        "from=0001-01-01T00:00:00%2B10:00&to=0001-01-02T00:00:00Z",
    ],
)
async def test_times_that_are_none_are_refused(client: Client, query: str) -> None:
    assert (await client.get(f"/v1/appointments?{query}"))[0] == 400


async def test_every_answer_is_as_described(client: Client, world: World) -> None:
    for _ in range(3):
        world.open()
    _, document = await client.get("/openapi.json")
    seen = await asyncio.to_thread(exercise, document, client.url)
    assert 200 in seen["GET /v1/requests"]
    assert 404 in seen["GET /v1/requests/{number}"]
    assert {400} <= seen["POST /v1/requests/{number}/decision"]


def exercise(document: dict[str, Any], url: str) -> dict[str, set[int]]:
    """Send valid and invalid calls of every operation; the statuses that came back."""
    results: Any = schemathesis.openapi.from_dict(document).get_all_operations()
    return {operation.label: statuses(operation, url) for operation in (result.ok() for result in results)}


def statuses(operation: Any, url: str) -> set[int]:
    checks: Any = CHECKS.get_by_names(list(CHECKED))
    seen: set[int] = set()
    bounded = settings(
        max_examples=25,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    def send(case: Any) -> None:
        response = case.call(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})
        seen.add(response.status_code)
        case.validate_response(response, checks=checks)

    for mode in schemathesis.GenerationMode:
        bounded(given(case=operation.as_strategy(generation_mode=mode))(send))()
    return seen
