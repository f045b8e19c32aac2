"""The edge of every period: what is one millisecond older goes, what is as old as the period stays; on both engines."""
# ruff: noqa: S608 - the names of tables and columns are those of this file

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.retention.databases import Database
from tests.retention.test_rooms import DOCTOR, INSURED, NURSE, OTHER_INSURED, World
from tim_policy.retention_policy import PolicyName, shipped_policy
from tim_synapse.retention_pages import delete, ordering_before, read_page
from tim_synapse.retention_rooms import DueQuery, RoomKind, due_rooms, is_due
from tim_synapse.retention_sweeps import SWEEPS, Given

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
OTHER = "@ben:other.test"


def edge_of(data_class: str, policy: PolicyName) -> int:
    """The oldest millisecond that stays."""
    period = getattr(shipped_policy(policy).periods, data_class)
    assert isinstance(period, timedelta), data_class
    return round((NOW - period).timestamp() * 1000)


# By sweep: table, columns, the row for a name and a time; `time` stands for the edge or a millisecond before it.
BY_TIME: dict[str, tuple[str, str, Any]] = {
    "devices.last_seen": (
        "devices",
        "user_id, device_id, hidden, last_seen",
        lambda name, time: ("@a:own.test", name, False, time),
    ),
    "user_daily_visits": ("user_daily_visits", "user_id, timestamp", lambda name, time: (f"@{name}:own.test", time)),
    "event_reports": (
        "event_reports",
        "id, received_ts, room_id, event_id, user_id",
        lambda name, time: (len(name), time, "!r", "$e", "@a:own.test"),
    ),
    "room_reports": (
        "room_reports",
        "id, received_ts, room_id, user_id, reason",
        lambda name, time: (len(name), time, "!r", "@a:own.test", ""),
    ),
    "user_reports": (
        "user_reports",
        "id, received_ts, target_user_id, user_id, reason",
        lambda name, time: (len(name), time, OTHER, "@a:own.test", ""),
    ),
    "open_id_tokens": (
        "open_id_tokens",
        "token, ts_valid_until_ms, user_id",
        lambda name, time: (name, time, "@a:own.test"),
    ),
    "threepid_validation_session": (
        "threepid_validation_session",
        "session_id, medium, address, client_secret, last_send_attempt, validated_at",
        lambda name, time: (name, "email", "a@example.org", "x", 1, time),
    ),
    "device_federation_outbox": (
        "device_federation_outbox",
        "destination, stream_id, queued_ts, messages_json",
        lambda name, time: ("other.test", len(name), time, "{}"),
    ),
    "destinations": (
        "destinations",
        "destination, retry_last_ts, retry_interval",
        lambda name, time: (f"{name}.test", time, 0),
    ),
}
# The same, for rows whose age is that of an event; `time` stands for its position.
BY_EVENT: dict[str, tuple[str, str, Any]] = {
    "receipts_linearized": (
        "receipts_linearized",
        "stream_id, room_id, receipt_type, user_id, event_id, event_stream_ordering, data",
        lambda name, time: (len(name), "!left", "m.read", f"@{name}:other.test", "$e", time, "{}"),
    ),
    "current_state_delta_stream": (
        "current_state_delta_stream",
        "stream_id, room_id, type, state_key",
        lambda name, time: (time, "!r", "m.room.member", f"@{name}:own.test"),
    ),
    "destinations": (
        "destinations",
        "destination, retry_last_ts, retry_interval, last_successful_stream_ordering",
        lambda name, time: (f"{name}.test", 1, 0, time),
    ),
}
BY_NAME = {sweep.name: sweep for sweep in SWEEPS}


def test_every_sweep_that_has_a_period_is_here() -> None:
    by_time = {sweep.name for sweep in SWEEPS if Given.BEFORE_MS in sweep.given}
    by_event = {sweep.name for sweep in SWEEPS if Given.BEFORE_ORDERING in sweep.given}
    assert (set(BY_TIME), set(BY_EVENT)) == (by_time, by_event)


@pytest.mark.parametrize("name", BY_TIME)
def test_a_row_goes_a_millisecond_after_its_period(empty_database: Database, name: str) -> None:
    edge = edge_of(BY_NAME[name].data_class, PolicyName.TIM_1_2)
    assert left(empty_database, name, BY_TIME[name], (edge - 1, edge), before_ms=edge) == [edge]


@pytest.mark.parametrize("name", BY_EVENT)
def test_a_row_goes_a_millisecond_after_its_event_had_its_period(empty_database: Database, name: str) -> None:
    edge = edge_of(BY_NAME[name].data_class, PolicyName.TIM_1_2)
    with empty_database.transaction() as txn:
        txn.execute("DELETE FROM events")
        for position, received in ((7, edge - 1), (8, edge)):
            txn.execute(
                "INSERT INTO events (event_id, type, room_id, sender, topological_ordering, depth, processed, outlier,"
                " stream_ordering, received_ts, origin_server_ts)"
                " VALUES (?, 'm', '!r', 's', 1, 1, TRUE, FALSE, ?, ?, 0)",
                (f"$edge{position}", position, received),
            )
        txn.execute("UPDATE user_directory_stream_pos SET stream_id = 100")
        txn.execute("UPDATE room_forgetter_stream_pos SET stream_id = 100")
    assert left(empty_database, name, BY_EVENT[name], (7, 8), before_ms=edge) == [8]


def left(
    database: Database, name: str, rows: tuple[str, str, Any], times: tuple[int, int], before_ms: int
) -> list[int]:
    """Which of the two times are there after the sweep."""
    table, columns, row = rows
    column = columns.split(", ")[row("x", "time").index("time")]
    marks = ", ".join("?" * len(columns.split(", ")))
    with database.transaction() as txn:
        txn.execute(f"DELETE FROM {table}")
        for word, time in zip(("a", "bb"), times, strict=True):
            txn.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row(word, time))
    with database.transaction() as txn:
        values = {
            Given.BEFORE_MS: before_ms,
            Given.BEFORE_ORDERING: ordering_before(txn, before_ms),
            Given.OWN_USERS: "%:own.test",
        }
        delete(txn, BY_NAME[name], read_page(txn, BY_NAME[name], values, None, 100).due)
        txn.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        return [int(time) for (time,) in txn.fetchall()]


def orphaned(world: World, room_id: str, at: int) -> None:
    world.room(room_id, created=at)


def inactive(world: World, room_id: str, at: int) -> None:
    world.room(room_id, created=at - 1_000)
    world.member(room_id, NURSE, "join", at=at - 500)
    world.event(room_id, "m.room.encrypted", NURSE, at)
    world.event(room_id, "m.room.topic", DOCTOR, at + 5_000, state_key="")  # state is no activity


def forgotten(world: World, room_id: str, at: int) -> None:
    world.room(room_id, created=at - 1_000)
    world.member(room_id, DOCTOR, "leave", at=at, is_forgotten=1)


def insured_only(world: World, room_id: str, at: int) -> None:
    world.room(room_id, created=at - 1_000, creator=INSURED)
    world.member(room_id, OTHER_INSURED, "join", at=at - 900)
    world.member(room_id, NURSE, "join", at=at - 800)
    world.member(room_id, NURSE, "leave", at=at)


ROOMS = [
    pytest.param(RoomKind.ORPHANED, PolicyName.TIM_1_2, orphaned, marks=pytest.mark.requirement("A_28564-01")),
    pytest.param(RoomKind.INACTIVE, PolicyName.TIM_1_1, inactive, marks=pytest.mark.requirement("A_25318")),
    pytest.param(RoomKind.FORGOTTEN, PolicyName.TIM_1_2, forgotten),
    pytest.param(RoomKind.INSURED_ONLY, PolicyName.EPA, insured_only, marks=pytest.mark.requirement("A_26348")),
]


@pytest.mark.parametrize(("kind", "policy", "make"), ROOMS)
def test_a_room_is_due_a_millisecond_after_its_period(
    empty_database: Database, kind: RoomKind, policy: PolicyName, make: Any
) -> None:
    edge = edge_of(kind.value, policy)
    old, young = f"!{kind.value}-old", f"!{kind.value}-young"
    with empty_database.transaction() as txn:
        for table in ("events", "rooms", "current_state_events", "room_memberships", "local_current_membership"):
            txn.execute(f"DELETE FROM {table}")
        world = World(txn)
        make(world, old, edge - 1)
        make(world, young, edge)
    with empty_database.transaction() as txn:
        query = DueQuery(kind, ordering_before(txn, edge), ("kasse.test", "kasse2.test"))
        assert due_rooms(txn, query, "", 10) == [old]
        assert (is_due(txn, query, old), is_due(txn, query, young)) == (True, False)
