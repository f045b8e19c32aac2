"""Retention on six processes with PostgreSQL: one of them deletes, all of them see it, and a second one is kept out."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import pytest_asyncio
import yaml
from synapse.storage.engines import create_engine

from tests.retention.month_server import NAME, MonthServer, running_month
from tests.retention.shifted_clock import write_offset
from tests.retention.waiting import until
from tests.synapse.matrix import invite, join, leave, new_room, rooms_of, say
from tests.workers import require_workers
from tim_sandbox.homeserver_client import HomeserverClient, MatrixUser
from tim_sandbox.workers.settings import BACKGROUND, worker_command

SECOND = "background2"
REPORT = "INSERT INTO user_reports (id, received_ts, target_user_id, user_id, reason) VALUES (?, 1, '', '', '')"
_DELETED = re.compile(r"^tim_retention_deleted_total\{.*\} (\S+)$", re.MULTILINE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int]
) -> AsyncIterator[MonthServer]:
    require_workers()
    retention = {"policy": "tim-1.2", "mode": "enforce", "periods": {"receipts": "1d"}}
    directory = tmp_path_factory.mktemp("workers")
    async with running_month(directory, new_base_port(), retention, on_workers=True) as running:
        yield running


async def user(server: MonthServer) -> MatrixUser:
    return await server.client.new_user(f"user-{uuid4().hex[:12]}", "password")


async def reads(person: MatrixUser, room_id: str) -> set[str]:
    """Whose read marks a fresh client is told of."""
    answer = await person.request("GET", "/_matrix/client/v3/sync?timeout=0")
    ephemeral = answer.body["rooms"]["join"][room_id]["ephemeral"]
    return set(re.findall(r"@user-[0-9a-f]+:[a-z.]+", json.dumps(ephemeral)))


def holder(server: MonthServer) -> str:
    return str(server.query("SELECT lease_holder FROM tim_retention_state")[0][0])


def has_report(server: MonthServer, number: int) -> bool:
    return bool(server.query("SELECT 1 FROM user_reports WHERE id = ?", (number,)))


async def test_the_background_worker_deletes_and_the_client_reader_sees_it(server: MonthServer) -> None:
    doctor, nurse = await user(server), await user(server)
    shared, orphaned = await new_room(doctor), await new_room(doctor)
    assert (await invite(doctor, shared, nurse.user_id)).status == 200
    assert (await join(nurse, shared)).status == 200
    said = await say(doctor, shared, "hallo")
    receipt = f"/_matrix/client/v3/rooms/{quote(shared)}/receipt/m.read/{quote(said)}"
    assert (await nurse.request("POST", receipt, {})).status == 200

    async def is_read() -> bool:
        return nurse.user_id in await reads(doctor, shared)

    await until(is_read)
    await leave(nurse, shared)
    assert nurse.user_id in await reads(doctor, shared), "the client reader has it in its cache"
    assert await rooms_of(doctor) == {shared, orphaned}
    for _ in range(3):
        await server.let_pass(timedelta(days=5))

    async def is_gone() -> bool:
        return nurse.user_id not in await reads(doctor, shared) and await rooms_of(doctor) == {shared}

    await until(is_gone)
    assert (await doctor.request("GET", f"/_matrix/client/v3/rooms/{quote(orphaned)}/state")).status == 403
    assert holder(server) == BACKGROUND
    processes = server.sandbox.processes_of(NAME)
    deleted = {name: sum(map(float, _DELETED.findall(await one.metrics()))) for name, one in processes.items()}
    assert {name for name, rows in deleted.items() if rows} == {BACKGROUND}


async def test_a_database_that_is_read_only_loses_nothing(server: MonthServer) -> None:
    await server.run()
    server.query(REPORT, (5_000,))
    server.query("UPDATE tim_retention_state SET is_run_requested = TRUE, run_ended_ts = 0")
    log = server.sandbox.logs_of(NAME)[BACKGROUND]
    alter(server, "ALTER SYSTEM SET default_transaction_read_only = on")
    try:

        async def is_told() -> bool:
            return "component=retention error=" in log.read_text()

        await until(is_told)
    finally:
        alter(server, "ALTER SYSTEM RESET default_transaction_read_only")

    async def is_over() -> bool:
        return not has_report(server, 5_000)

    await until(is_over)


def alter(server: MonthServer, sql: str) -> None:
    """Change the running PostgreSQL."""
    settings = yaml.safe_load((server.sandbox.layout.homeserver(NAME) / "homeserver.yaml").read_text())["database"]
    arguments = {key: value for key, value in settings["args"].items() if not key.startswith("cp_")}
    connection: Any = create_engine(settings).module.connect(**arguments)
    with closing(connection):
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(sql)
        cursor.execute("SELECT pg_reload_conf()")


async def test_a_second_background_worker_waits_until_the_first_is_dead(
    server: MonthServer, new_base_port: Callable[[], int]
) -> None:
    """By misconfiguration: it says of itself that it runs the background tasks."""
    directory = server.sandbox.layout.homeserver(NAME)
    settings = yaml.safe_load((directory / f"{BACKGROUND}.yaml").read_text())
    port = new_base_port()
    settings["worker_listeners"][0]["port"] = port
    settings |= {"worker_name": SECOND, "run_background_tasks_on": SECOND}
    (directory / f"{SECOND}.yaml").write_text(yaml.safe_dump(settings))
    supervisor = server.sandbox.supervisor
    command = worker_command(directory / "homeserver.yaml", directory / f"{SECOND}.yaml")
    await server.run()
    await supervisor.start(SECOND, command)
    state = server.client.state.model_copy(update={"client_port": port})
    second = HomeserverClient(server.sandbox.http, state)
    await supervisor.wait_until_ready(SECOND, second.is_healthy)
    for number in range(6_000, 6_003):
        server.query(REPORT, (number,))
        await server.run()
        assert (holder(server), has_report(server, number)) == (BACKGROUND, False)
    await supervisor.kill(f"{NAME} {BACKGROUND}")
    server.query(REPORT, (7_000,))
    server.passed += timedelta(minutes=2)  # the lease ends
    write_offset(server.clock, server.passed.total_seconds())
    await server.run()
    assert (holder(server), has_report(server, 7_000)) == (SECOND, False)
