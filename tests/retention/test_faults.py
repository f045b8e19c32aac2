"""What goes wrong while a real homeserver deletes: nothing is lost, nothing is half done, one line says it."""

import resource
from urllib.parse import quote

import pytest

from tests.retention.conftest import RETENTION, RetentionServer
from tests.retention.test_janitor import age, sweep
from tests.retention.waiting import until
from tests.synapse.matrix import new_room, rooms_of, say

ROOMS = 20
PURGES = "FROM scheduled_tasks WHERE action = 'shutdown_and_purge_room' AND status IN ('scheduled', 'active')"
REPORT = "INSERT INTO user_reports (id, received_ts, target_user_id, user_id, reason) VALUES (?, 1, '', '', '')"


def reports(server: RetentionServer, numbers: range) -> int:
    """How many of them are there."""
    sql = "SELECT COUNT(*) FROM user_reports WHERE id BETWEEN ? AND ?"
    return int(server.query(sql, (numbers[0], numbers[-1]))[0][0])


def lines(server: RetentionServer) -> list[str]:
    """What the janitor logged."""
    log = server.supervisor.log_of(server.spec.server_name).read_text()
    return [line for line in log.splitlines() if "component=retention" in line]


@pytest.mark.requirement("A_28564-01")
async def test_a_message_saves_a_room_whose_turn_has_not_come(enforcing: RetentionServer) -> None:
    """Rooms are handed to Synapse one by one: in its queue they would take messages and go nevertheless."""
    before = (await enforcing.run())["run_ended_ts"]
    doctor = await enforcing.user()
    rooms = sorted([await new_room(doctor) for _ in range(ROOMS)])
    age(enforcing, 15)
    assert (await enforcing.admin.request("POST", f"{RETENTION}/run")).status == 200
    left = "SELECT COUNT(*) FROM rooms WHERE room_id = ?"
    await until(lambda: _is(enforcing, left, rooms[0], 0))
    said = await say(doctor, rooms[-1], "doch noch")
    at_once = 0

    async def ended() -> bool:
        nonlocal at_once
        at_once = max(at_once, int(enforcing.query(f"SELECT COUNT(*) {PURGES}")[0][0]))
        return bool((await enforcing.status())["run_ended_ts"] > before)

    await until(ended)
    assert at_once <= 4
    await until(lambda: _is_only(enforcing, rooms[-1], rooms))
    assert await rooms_of(doctor) == {rooms[-1]}
    path = f"/_matrix/client/v3/rooms/{quote(rooms[-1])}/event/{quote(said)}"
    assert (await doctor.request("GET", path)).body["content"]["body"] == "doch noch"


async def _is(server: RetentionServer, sql: str, parameter: str, wanted: int) -> bool:
    return server.query(sql, (parameter,)) == [(wanted,)]


async def _is_only(server: RetentionServer, wanted: str, rooms: list[str]) -> bool:
    found = {room_id for (room_id,) in server.query("SELECT room_id FROM rooms")}
    return found & set(rooms) == {wanted}


async def test_a_fault_in_one_table_keeps_no_other_from_being_cleaned(enforcing: RetentionServer) -> None:
    numbers = range(2_000_000, 2_000_015)
    for number in numbers:
        enforcing.query(REPORT, (number,))
    user = await enforcing.user()
    enforcing.query("INSERT INTO open_id_tokens VALUES ('fault', 1, ?)", (user.user_id,))
    fault = (
        "CREATE TRIGGER fault BEFORE DELETE ON user_reports BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    enforcing.query(fault)
    told = len(lines(enforcing))
    try:
        await enforcing.run()
        assert reports(enforcing, numbers) == len(numbers)
        assert enforcing.query("SELECT 1 FROM open_id_tokens WHERE token = 'fault'") == []
        (line,) = lines(enforcing)[told:]
        assert "error=user_reports was not cleaned" in line
    finally:
        enforcing.query("DROP TRIGGER fault")
    await enforcing.run()
    assert reports(enforcing, numbers) == 0


async def test_a_full_disk_loses_nothing_and_is_got_over_without_help(enforcing: RetentionServer) -> None:
    """The process may not write a byte behind the present end of its log, which is what a full disk does to it."""
    await enforcing.run()
    before = sweep(await enforcing.status(), "user_reports")["deleted_ever"]
    numbers = range(3_000_000, 3_000_050)
    pid = enforcing.supervisor.pids[enforcing.spec.server_name]
    log = enforcing.supervisor.log_of(enforcing.spec.server_name)
    told = len(lines(enforcing))
    space = log.stat().st_size + 20_000
    assert (enforcing.spec.directory / "homeserver.db").stat().st_size > 10 * space
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (space, hard))
    try:
        for number in numbers:
            enforcing.query(REPORT, (number,))
        enforcing.query("UPDATE tim_retention_state SET is_run_requested = TRUE")

        async def is_told() -> bool:
            return len(lines(enforcing)) > told

        await until(is_told)
        assert reports(enforcing, numbers) == len(numbers)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))

    async def is_over() -> bool:
        return reports(enforcing, numbers) == 0

    await until(is_over)
    assert all("error=" in line for line in lines(enforcing)[told:])
    status = await enforcing.run()
    assert sweep(status, "user_reports")["deleted_ever"] == before + len(numbers)
    assert enforcing.query("PRAGMA integrity_check") == [("ok",)]


async def test_after_a_kill_among_purges_no_half_room_is_visible(enforcing: RetentionServer) -> None:
    doctor = await enforcing.user()
    rooms = {await new_room(doctor) for _ in range(ROOMS)}
    age(enforcing, 15)
    kept = await new_room(doctor)
    said = await say(doctor, kept, "bleibt")
    assert (await enforcing.admin.request("POST", f"{RETENTION}/run")).status == 200

    async def is_in_the_middle() -> bool:
        left = {room_id for (room_id,) in enforcing.query("SELECT room_id FROM rooms")} & rooms
        return 0 < len(left) < ROOMS - 3

    await until(is_in_the_middle)
    await enforcing.restart()
    visible = await rooms_of(doctor)
    assert kept in visible <= rooms | {kept}
    synced = await doctor.request("GET", "/_matrix/client/v3/sync?timeout=0&full_state=true")
    assert set(synced.body["rooms"]["join"]) <= visible
    for room_id in visible:
        state = await doctor.request("GET", f"/_matrix/client/v3/rooms/{quote(room_id)}/state")
        if state.status == 200:
            assert {"m.room.create", "m.room.member"} <= {event["type"] for event in state.body}
        else:  # the run goes on
            assert (state.status, room_id in rooms) == (403, True)
    path = f"/_matrix/client/v3/rooms/{quote(kept)}/event/{quote(said)}"
    assert (await doctor.request("GET", path)).body["content"]["body"] == "bleibt"
