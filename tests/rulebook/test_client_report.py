"""Reports of clients over HTTP: counted once, by procedure and day, and never with a user."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.rulebook.conftest import NewUser
from tests.rulebook.interfaces import ODD_TOKENS, assert_empty, assert_error, call, openid_token
from tim_sandbox.running import Sandbox

EVERY_PROFILE = pytest.mark.parametrize(
    "server_name", ["praxis.tim.test", "alte-praxis.tim.test", "kasse.tim.test", "alte-kasse.tim.test"]
)
PRAXIS = "praxis.tim.test"
REPORT = "POST /tim-client-report/report"
SUMS = "GET /_synapse/client/tim/v1/client-reports"

pytestmark = pytest.mark.requirement("I_ClientReport")


def entry(procedure: str, count: int = 1, version: str = "v1") -> dict[str, Any]:
    return {"Fachverfahren": procedure, "Version": version, "Anzahl": count}


def report(**directions: Any) -> dict[str, Any]:
    return {"start": (datetime.now(UTC) - timedelta(days=1)).isoformat(), **directions}


async def sums(sandbox: Sandbox, server_name: str, procedure: str, days: str = "") -> list[dict[str, Any]]:
    """What the administrator reads about a procedure."""
    client = sandbox.homeserver(server_name)
    admin = await client.new_user(f"admin-{uuid4().hex[:8]}", "password", is_admin=True)
    answer = await call(sandbox, server_name, SUMS + days, admin.access_token)
    assert answer.status == 200, answer
    return [found for found in answer.body["sums"] if found["procedure"] == procedure]


@EVERY_PROFILE
async def test_a_report_is_counted_by_procedure_version_direction_and_day(
    rulebook: Sandbox, new_user: NewUser, server_name: str
) -> None:
    procedure, user = f"de.example.{uuid4().hex[:8]}", await new_user(server_name)
    sent = report(sent=[entry(procedure, 8), entry(procedure, 2, "v2")], received=[entry(procedure, 3)])
    for token in (await openid_token(user), user.access_token):
        answer = await call(rulebook, server_name, REPORT, token, json=sent)
        assert (answer.status, answer.body) == (200, {})
    day = datetime.now(UTC).date().isoformat()
    assert await sums(rulebook, server_name, procedure) == [
        {"day": day, "direction": direction, "procedure": procedure, "version": version, "events": events, "reports": 2}
        for direction, version, events in (("received", "v1", 6), ("sent", "v1", 16), ("sent", "v2", 4))
    ]


async def test_a_repeated_report_counts_once(rulebook: Sandbox, new_user: NewUser) -> None:
    procedure, token = f"de.example.{uuid4().hex[:8]}", await openid_token(await new_user(PRAXIS))
    sent = report(sent=[entry(procedure, 5)])
    answers = await asyncio.gather(*(call(rulebook, PRAXIS, REPORT, token, json=sent) for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5
    (found,) = await sums(rulebook, PRAXIS, procedure)
    assert (found["events"], found["reports"]) == (5, 1)
    await call(rulebook, PRAXIS, REPORT, token, json=report(sent=[entry(procedure, 5)]))
    (found,) = await sums(rulebook, PRAXIS, procedure)
    assert (found["events"], found["reports"]) == (10, 2), "the next report has another start"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"start": "2026-03-23T12:13:23"},
        {"start": "yesterday"},
        {"start": 1654159585},
        {"start": "2999-01-01T00:00:00Z"},
        {"start": "0001-01-01T00:00:00+23:59"},
        report(sent=[]),
        report(sent=None),
        report(received=[entry("a"), entry("a")]),
        report(sent=[entry("Frau Müller")]),
        report(sent=[entry("a", -1)]),
        report(sent=[entry("a", 10**30)]),
        report(sent=[entry("a") | {"Anzahl": True}]),
        report(sent=[{"Fachverfahren": "a", "Version": "v1"}]),
        report(sent=[entry(f"a{number}") for number in range(101)]),
    ],
)
async def test_a_malformed_report_is_a_bad_request(rulebook: Sandbox, new_user: NewUser, body: Any) -> None:
    token = await openid_token(await new_user(PRAXIS))
    assert_error(await call(rulebook, PRAXIS, REPORT, token, json=body), 400)


async def test_who_has_no_token_of_this_homeserver_reports_nothing(rulebook: Sandbox, new_user: NewUser) -> None:
    other = await new_user("pflege.tim.test")
    for token in (None, "nonsense", *ODD_TOKENS.values(), other.access_token, await openid_token(other)):
        answer = await call(rulebook, PRAXIS, REPORT, token, json=report(sent=[entry("de.example.foreign")]))
        assert_empty(answer, 401)
    assert await sums(rulebook, PRAXIS, "de.example.foreign") == []


async def test_the_sums_are_for_administrators_and_by_day(rulebook: Sandbox, new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    refused = await call(rulebook, PRAXIS, SUMS, user.access_token)
    assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")
    unknown = await call(rulebook, PRAXIS, SUMS)
    assert (unknown.status, unknown.body["errcode"]) == (401, "M_MISSING_TOKEN")
    procedure = f"de.example.{uuid4().hex[:8]}"
    await call(rulebook, PRAXIS, REPORT, await openid_token(user), json=report(sent=[entry(procedure)]))
    assert len(await sums(rulebook, PRAXIS, procedure, "?from=2020-01-01&to=2999-01-01")) == 1
    assert await sums(rulebook, PRAXIS, procedure, "?from=2020-01-01&to=2020-12-31") == []
    admin = await rulebook.homeserver(PRAXIS).new_user(f"admin-{uuid4().hex[:8]}", "password", is_admin=True)
    wrong = await call(rulebook, PRAXIS, f"{SUMS}?from=today", admin.access_token)
    assert (wrong.status, wrong.body["errcode"]) == (400, "M_INVALID_PARAM")


async def test_the_metrics_count_without_names(rulebook: Sandbox, new_user: NewUser) -> None:
    async def total(direction: str) -> float:
        metrics = await rulebook.homeserver(PRAXIS).metrics()
        line = rf'^tim_client_reported_events_total\{{direction="{direction}"\}} (\S+)$'
        found = re.search(line, metrics, re.MULTILINE)
        return float(found[1]) if found else 0

    procedure, before = f"de.example.{uuid4().hex[:8]}", await total("received")
    token = await openid_token(await new_user(PRAXIS))
    await call(rulebook, PRAXIS, REPORT, token, json=report(received=[entry(procedure, 7)]))
    assert await total("received") == before + 7
    assert procedure not in await rulebook.homeserver(PRAXIS).metrics()
