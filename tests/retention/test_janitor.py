"""The janitor of a real homeserver: stores no addresses, purges what is due, survives kills, believes no wild clock."""

import asyncio
import json
import sqlite3
from contextlib import closing
from urllib.parse import quote

import pytest
import yaml

from tests.retention.conftest import RETENTION, RetentionServer
from tests.retention.waiting import until
from tests.synapse.matrix import invite, new_room, rooms_of, say, sees
from tim_sandbox.homeserver import homeserver_command
from tim_sandbox.homeserver_client import Answer, MatrixUser

DAY = 86_400_000


def age(server: RetentionServer, days: int) -> None:
    """Everything that happened until now happened so many days ago."""
    server.query("UPDATE events SET received_ts = received_ts - ?", (days * DAY,))


async def test_no_address_and_no_program_is_stored(enforcing: RetentionServer) -> None:
    user = await enforcing.user()
    await user.request("GET", "/_matrix/client/v3/sync?timeout=0")

    async def written() -> bool:
        return bool(enforcing.query("SELECT 1 FROM user_ips WHERE user_id = ?", (user.user_id,)))

    await until(written)
    assert enforcing.query("SELECT DISTINCT ip, user_agent FROM user_ips") == [("", "")]
    devices = enforcing.query("SELECT COALESCE(ip, ''), COALESCE(user_agent, ''), last_seen > 0 FROM devices")
    assert ("", "", 1) in devices
    assert {row[:2] for row in devices} == {("", "")}
    assert places(enforcing, "aiohttp/") == set(), "the client's program"
    assert places(enforcing, "127.0.0.1") == set()


def places(server: RetentionServer, text: str) -> set[str]:
    """Every table and column of the whole database that has the text somewhere."""
    found = set()
    for (table,) in server.query("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'"):
        for _, column, *_ in server.query(f'PRAGMA table_info("{table}")'):
            sql = f'SELECT 1 FROM "{table}" WHERE CAST("{column}" AS TEXT) LIKE ? LIMIT 1'  # noqa: S608 - names
            if server.query(sql, (f"%{text}%",)):
                found.add(f"{table}.{column}")
    return found


async def test_a_setting_that_contradicts_the_policy_keeps_synapse_from_starting(enforcing: RetentionServer) -> None:
    config = enforcing.spec.directory / "homeserver.yaml"
    settings = yaml.safe_load(config.read_text())
    other = config.with_name("contradicting.yaml")
    contradiction = {"presence": {"enabled": True}, "redaction_retention_period": "8d"}
    # Of its own: the running homeserver may hold a lock on the other one.
    database = {"name": "sqlite3", "args": {"database": str(config.with_name("contradicting.db"))}}
    other.write_text(yaml.safe_dump(settings | contradiction | {"database": database}))
    process = await asyncio.create_subprocess_exec(
        *homeserver_command(other), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode == 1
    told = {line for line in out.decode().splitlines() if line.startswith("homeserver.yaml:")}
    assert {line.split(": ")[1] for line in told} == {"presence.enabled", "redaction_retention_period"}


@pytest.mark.requirement("A_28564-01")
async def test_an_orphaned_room_is_purged_and_others_work_on(enforcing: RetentionServer) -> None:
    doctor, nurse = await enforcing.user(), await enforcing.user()
    orphaned, spoken, invited, shared, held = [await new_room(doctor) for _ in range(5)]
    await say(doctor, spoken, "hallo")
    for room_id in (invited, shared):
        assert (await invite(doctor, room_id, nurse.user_id)).status == 200
    assert (await nurse.request("POST", f"/_matrix/client/v3/join/{quote(shared)}", {})).status == 200
    assert (await hold(enforcing.admin, held)).status == 200
    age(enforcing, 15)
    young = await new_room(doctor)
    await enforcing.run()

    async def purged() -> bool:
        return not enforcing.query("SELECT 1 FROM rooms WHERE room_id = ?", (orphaned,))

    await until(purged)
    assert await rooms_of(doctor) == {spoken, invited, shared, held, young}
    await sees(nurse, shared, await say(doctor, shared, "noch da"))
    released = await enforcing.admin.request("POST", f"{RETENTION}/release/{quote(held)}")
    assert released.status == 200
    await enforcing.run()
    await until(lambda: _gone(enforcing, held))


async def _gone(server: RetentionServer, room_id: str) -> bool:
    return not server.query("SELECT 1 FROM rooms WHERE room_id = ?", (room_id,))


async def hold(admin: MatrixUser, room_id: str, reference: str = "Az. 1/26") -> Answer:
    return await admin.request("POST", f"{RETENTION}/hold/{quote(room_id)}?reference={quote(reference)}")


async def test_a_kill_in_the_middle_loses_nothing(enforcing: RetentionServer) -> None:
    await enforcing.run()
    before = sweep(await enforcing.status(), "user_reports")["deleted_ever"]
    with closing(sqlite3.connect(enforcing.spec.directory / "homeserver.db", timeout=30)) as database, database:
        database.executemany(
            "INSERT INTO user_reports (id, received_ts, target_user_id, user_id, reason) VALUES (?, ?, '', '', '')",
            [(number, 1) for number in range(1_000_000, 1_002_000)],
        )
    assert (await enforcing.admin.request("POST", f"{RETENTION}/run")).status == 200

    async def in_the_middle() -> bool:
        left = int(enforcing.query("SELECT COUNT(*) FROM user_reports")[0][0])
        return 0 < left < 2_000

    await until(in_the_middle)
    await enforcing.restart()

    async def complete() -> bool:
        return enforcing.query("SELECT COUNT(*) FROM user_reports") == [(0,)]

    await until(complete)
    status = await enforcing.run()
    assert sweep(status, "user_reports")["deleted_ever"] == before + 2_000


def sweep(status: dict[str, object], name: str) -> dict[str, int]:
    found = [dict(entry) for entry in list(status["sweeps"]) if entry["name"] == name]  # type: ignore[call-overload] # JSON
    return found[0]


@pytest.mark.parametrize(("shift", "fault"), [(400 * DAY, "clock_set_back"), (-400 * DAY, "clock_jumped_ahead")])
async def test_a_wild_clock_deletes_nothing_until_it_is_confirmed(
    enforcing: RetentionServer, shift: int, fault: str
) -> None:
    """The clock of the database's memory is moved instead of that of the machine."""
    await enforcing.run()
    enforcing.query(
        "INSERT INTO user_reports (id, received_ts, target_user_id, user_id, reason) VALUES (7, 1, '', '', '')"
    )
    enforcing.query("UPDATE tim_retention_state SET last_seen_ts = last_seen_ts + ?", (shift,))
    assert (await enforcing.admin.request("POST", f"{RETENTION}/run")).status == 200

    async def refused() -> bool:
        return bool((await enforcing.status())["clock_fault"] == fault)

    await until(refused)
    assert enforcing.query("SELECT COUNT(*) FROM user_reports WHERE id = 7") == [(1,)]
    assert (await enforcing.admin.request("POST", f"{RETENTION}/confirm-clock")).status == 200

    async def deleted() -> bool:
        return enforcing.query("SELECT COUNT(*) FROM user_reports WHERE id = 7") == [(0,)]

    await until(deleted)
    assert (await enforcing.status())["clock_fault"] is None


PATHS = [
    ("GET", "status"),
    ("POST", "run"),
    ("POST", "confirm-clock"),
    ("GET", "holds"),
    ("POST", "hold/!a?reference=x"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_only_server_admins_may_ask(enforcing: RetentionServer, method: str, path: str) -> None:
    assert (await enforcing.client.request(method, f"{RETENTION}/{path}")).status == 401
    person = await (await enforcing.user()).request(method, f"{RETENTION}/{path}")
    assert (person.status, person.body["errcode"]) == (403, "M_FORBIDDEN")


@pytest.mark.parametrize(
    ("path", "status", "errcode"),
    [
        ("hold/room?reference=x", 400, "M_INVALID_PARAM"),
        ("hold/!none:allein.tim.test?reference=x", 404, "M_NOT_FOUND"),
        ("hold/!none:allein.tim.test", 400, "M_INVALID_PARAM"),
        ("hold/!none:allein.tim.test?reference=%0a", 400, "M_INVALID_PARAM"),
        ("release/!none:allein.tim.test", 404, "M_NOT_FOUND"),
        ("status", 404, "M_NOT_FOUND"),
    ],
)
async def test_what_cannot_be_done_is_a_matrix_error(
    enforcing: RetentionServer, path: str, status: int, errcode: str
) -> None:
    answer = await enforcing.admin.request("POST", f"{RETENTION}/{path}")
    assert (answer.status, answer.body["errcode"]) == (status, errcode)


async def test_nobody_is_named_in_log_and_status(enforcing: RetentionServer) -> None:
    before = _lines(enforcing)  # of other tests too, who broke the database on purpose
    status = await enforcing.run()
    told = "\n".join([*_lines(enforcing), json.dumps(status)])
    assert "@user-" not in told
    assert "!" not in told
    new = _lines(enforcing)[len(before) :]
    assert not [line for line in new if "was not cleaned" in line or "did not begin" in line]


def _lines(server: RetentionServer) -> list[str]:
    log = server.supervisor.log_of(server.spec.server_name).read_text()
    return [line for line in log.splitlines() if "component=retention" in line]


async def test_the_command_line_says_it_plainly(enforcing: RetentionServer) -> None:
    room_id = await new_room(enforcing.admin)
    assert await enforcing.tim("hold", "add", room_id, "--reference", "Az. 1") == (0, "held\n", "")
    code, out, _ = await enforcing.tim("hold", "list")
    assert (code, room_id in out, "Az. 1" in out) == (0, True, True)
    assert await enforcing.tim("hold", "release", room_id) == (0, "released\n", "")
    code, out, err = await enforcing.tim("hold", "release", room_id)
    assert (code, out, err) == (2, "", "tim: ROOM: This room is not held\n")
    assert (await enforcing.tim("retention", "run"))[0] == 0
    code, out, _ = await enforcing.tim("retention", "status")
    assert code == 0
    assert "policy     tim-1.2 (enforce)" in out
    assert "user_reports" in out


async def test_observing_counts_and_deletes_nothing(enforcing: RetentionServer) -> None:
    config = enforcing.spec.directory / "homeserver.yaml"
    settings = config.read_text()
    assert settings.count("mode: enforce") == 1
    config.write_text(settings.replace("mode: enforce", "mode: observe"))
    enforcing.query(
        "INSERT INTO user_reports (id, received_ts, target_user_id, user_id, reason) VALUES (9, 1, '', '', '')"
    )
    try:
        await enforcing.restart()
        status = await enforcing.run()
        assert (status["mode"], sweep(status, "user_reports")["due"]) == ("observe", 1)
        assert enforcing.query("SELECT COUNT(*) FROM user_reports WHERE id = 9") == [(1,)]
    finally:
        config.write_text(settings)
        await enforcing.restart()
    await enforcing.run()
    assert enforcing.query("SELECT COUNT(*) FROM user_reports WHERE id = 9") == [(0,)]
