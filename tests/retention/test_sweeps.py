"""Each sweep takes what is due and leaves what is not, on both engines."""
# ruff: noqa: S608 - the names of tables and columns are those of this file

from typing import Any

import pytest

from tests.retention.databases import Database
from tim_policy.data_map import DeletedBy, data_map
from tim_policy.retention_policy import DATA_CLASSES
from tim_synapse import retention_table as table
from tim_synapse.retention_pages import delete, ordering_before, read_page
from tim_synapse.retention_rooms import DueQuery, RoomKind, due_rooms
from tim_synapse.retention_sweeps import ADDRESSES, SWEEPS, Given

OWN, OTHER, GONE = "@anna:own.test", "@ben:other.test", "@gone:own.test"
VALUES: dict[Given, Any] = {Given.BEFORE_MS: 1_000, Given.BEFORE_ORDERING: 100, Given.OWN_USERS: "%:own.test"}
OLD, NEW = 10, 2_000


@pytest.fixture(scope="module")
def database(empty_database: Database) -> Database:
    with empty_database.transaction() as txn:
        seed(txn)
    return empty_database


def member(txn: Any, room_id: str, user_id: str, membership: str = "join") -> None:
    event_id = f"$member-{room_id}-{user_id}"
    txn.execute(
        "INSERT INTO current_state_events (event_id, room_id, type, state_key, membership)"
        " VALUES (?, ?, 'm.room.member', ?, ?)",
        (event_id, room_id, user_id, membership),
    )


def seed(txn: Any) -> None:
    """Anna and Ben share `!room`; `!purged` is gone; Gina has deactivated her account."""
    txn.execute("INSERT INTO rooms (room_id, is_public, creator) VALUES ('!room', FALSE, ?)", (OWN,))
    member(txn, "!room", OWN)
    member(txn, "!room", OTHER)
    for name, deactivated in ((OWN, 0), (GONE, 1)):
        txn.execute("INSERT INTO users (name, deactivated, creation_ts) VALUES (?, ?, 0)", (name, deactivated))
    txn.execute("UPDATE user_directory_stream_pos SET stream_id = 150")
    txn.execute("UPDATE room_forgetter_stream_pos SET stream_id = 150")
    for ordering in range(1, 201):
        txn.execute(
            "INSERT INTO events (event_id, type, room_id, sender, topological_ordering, depth, processed, outlier,"
            " stream_ordering, received_ts, origin_server_ts, state_key)"
            " VALUES (?, 'm.room.message', '!room', ?, 1, 1, TRUE, FALSE, ?, ?, 0, NULL)",
            (f"$e{ordering}", OWN, ordering, ordering * 10),
        )


INSERTS: dict[str, tuple[str, str, list[tuple[Any, ...]], list[tuple[Any, ...]]]] = {
    # sweep: (table, columns, rows that go, rows that stay)
    "user_ips": (
        "user_ips",
        "user_id, access_token, ip, user_agent, last_seen",
        [(OWN, "a", "192.0.2.1", "", NEW), (OWN, "b", "", "Element", NEW)],
        [(OWN, "c", "", "", NEW)],
    ),
    "ui_auth_sessions_ips": ("ui_auth_sessions_ips", "session_id, ip, user_agent", [], []),
    "user_daily_visits": (
        "user_daily_visits",
        "user_id, device_id, timestamp",
        [(OWN, "D", OLD), (OTHER, None, OLD)],
        [(OWN, "D", NEW)],
    ),
    "receipts_linearized": (
        "receipts_linearized",
        "stream_id, room_id, receipt_type, user_id, event_id, event_stream_ordering, data",
        [
            (1, "!room", "m.read", OTHER, "$e1", 50, "{}"),
            (2, "!left", "m.read", OWN, "$x", 50, "{}"),
            (3, "!room", "m.read", "@leaver:other.test", "$x", None, "{}"),
        ],
        [
            (4, "!room", "m.read", OWN, "$e1", 50, "{}"),
            (5, "!young", "m.read", OWN, "$y", 101, "{}"),
            (6, "!new", "m.read", "@late:other.test", "$y", 120, "{}"),
        ],
    ),
    "receipts_graph": (
        "receipts_graph",
        "room_id, receipt_type, user_id, event_ids, data",
        [("!left", "m.read", OWN, "[]", "{}")],
        [("!room", "m.read", OWN, "[]", "{}")],
    ),
    "current_state_delta_stream": (
        "current_state_delta_stream",
        "stream_id, room_id, type, state_key, event_id",
        [(50, "!room", "m.room.member", OWN, None), (50, "!room", "m.room.member", OTHER, None)],
        [(101, "!room", "m.room.member", OWN, None)],
    ),
    "room_tags_revisions": (
        "room_tags_revisions",
        "user_id, room_id, stream_id",
        [(OWN, "!left", 1)],
        [(OWN, "!room", 2)],
    ),
    "event_reports": (
        "event_reports",
        "id, received_ts, room_id, event_id, user_id, reason",
        [(1, OLD, "!room", "$e1", OWN, "x")],
        [(2, NEW, "!room", "$e1", OWN, "x"), (3, OLD, "!held", "$h", OWN, "x")],
    ),
    "room_reports": ("room_reports", "id, received_ts, room_id, user_id, reason", [(1, OLD, "!room", OWN, "x")], []),
    "user_reports": (
        "user_reports",
        "id, received_ts, target_user_id, user_id, reason",
        [(1, OLD, OTHER, OWN, "x")],
        [(2, NEW, OTHER, OWN, "x")],
    ),
    "open_id_tokens": (
        "open_id_tokens",
        "token, ts_valid_until_ms, user_id",
        [("old", OLD, OWN)],
        [("new", NEW, OWN)],
    ),
    "threepid_validation_session": (
        "threepid_validation_session",
        "session_id, medium, address, client_secret, last_send_attempt, validated_at",
        [("s1", "email", "a@example.org", "x", 1, OLD), ("s2", "email", "b@example.org", "x", 1, None)],
        [("s3", "email", "c@example.org", "x", 1, NEW)],
    ),
    "device_inbox": (
        "device_inbox",
        "user_id, device_id, stream_id, message_json",
        [(OWN, "NONE", 1, "{}")],
        [(OWN, "PHONE", 2, "{}")],
    ),
    "device_federation_outbox": (
        "device_federation_outbox",
        "destination, stream_id, queued_ts, messages_json",
        [("other.test", 1, OLD, "{}")],
        [("other.test", 2, NEW, "{}")],
    ),
    "device_lists_remote_cache": (
        "device_lists_remote_cache",
        "user_id, device_id, content",
        [("@nobody:other.test", "A", "{}"), ("@nobody:other.test", "B", "{}")],
        [(OTHER, "A", "{}")],
    ),
    "device_lists_remote_extremeties": (
        "device_lists_remote_extremeties",
        "user_id, stream_id",
        [("@nobody:other.test", "1")],
        [(OTHER, "1")],
    ),
    "destinations": (
        "destinations",
        "destination, retry_last_ts, retry_interval, last_successful_stream_ordering",
        [("gone.test", OLD, 0, 50), ("never.test", None, 0, None)],
        [("other.test", OLD, 0, 50), ("lately.test", NEW, 0, 50), ("waits.test", OLD, 0, 120)],
    ),
    "threads of gone rooms": (
        "threads",
        "room_id, thread_id, latest_event_id, topological_ordering, stream_ordering",
        [("!purged", "$t", "$t", 1, 1), ("!purged", "$u", "$u", 1, 1)],
        [("!room", "$t", "$t", 1, 1)],
    ),
    "room_alias_servers": (
        "room_alias_servers",
        "room_alias, server",
        [("#purged:own.test", "own.test")],
        [],
    ),
    "user_filters of deactivated": (
        "user_filters",
        "user_id, full_user_id, filter_id, filter_json",
        [("gone", GONE, 0, memoryview(b"{}"))],
        [("anna", OWN, 0, memoryview(b"{}"))],
    ),
    "user_directory": (
        "user_directory",
        "user_id, room_id, display_name",
        [("@nobody:other.test", None, "N")],
        [(OTHER, None, "B"), (OWN, None, "A")],
    ),
    "event_push_actions": (
        "event_push_actions",
        "room_id, event_id, user_id, actions, topological_ordering, stream_ordering, notif, highlight, thread_id",
        [("!left", "$p", OWN, "[]", 1, 1, 1, 1, "main")],
        [("!room", "$p", OWN, "[]", 1, 1, 1, 1, "main")],
    ),
    "event_push_summary": (
        "event_push_summary",
        "user_id, room_id, notif_count, stream_ordering, thread_id",
        [(OWN, "!left", 1, 1, "main")],
        [(OWN, "!room", 1, 1, "main")],
    ),
    "pusher_throttle": ("pusher_throttle", "pusher, room_id, last_sent_ts, throttle_ms", [(77, "!room", 1, 1)], []),
}
for _table, _columns, _goes, _stays in (
    ("user_ips", "user_id, access_token, ip, user_agent, last_seen", (GONE, "g", "", "", NEW), (OWN, "h", "", "", NEW)),
    ("user_daily_visits", "user_id, device_id, timestamp", (GONE, "D", NEW), (OWN, "E", NEW)),
    ("room_tags_revisions", "user_id, room_id, stream_id", (GONE, "!room", 1), (OWN, "!room", 2)),
    ("room_tags", "user_id, room_id, tag, content", (GONE, "!room", "m.x", "{}"), (OWN, "!room", "m.x", "{}")),
    ("open_id_tokens", "token, ts_valid_until_ms, user_id", ("of-gone", NEW, GONE), ("of-anna", NEW, OWN)),
):
    INSERTS[f"{_table} of deactivated"] = (_table, _columns, [_goes], [_stays])
BY_NAME = {sweep.name: sweep for sweep in (*ADDRESSES, *SWEEPS)}


@pytest.mark.parametrize("name", INSERTS)
def test_what_is_due_goes_and_the_rest_stays(database: Database, name: str) -> None:
    sweep = BY_NAME[name]
    where, columns, goes, stays = INSERTS[name]
    marks = ", ".join("?" * len(columns.split(", ")))
    with database.transaction() as txn:
        txn.execute("DELETE FROM tim_retention_hold")
        table.add_hold(txn, table.Hold("!held", "case 1", 0))
        for emptied in (where, *(other for other, _ in sweep.also), "devices"):
            txn.execute(f"DELETE FROM {emptied}")
        if name == "receipts_graph":
            txn.execute("DELETE FROM receipts_linearized")
            txn.execute(
                "INSERT INTO receipts_linearized (stream_id, room_id, receipt_type, user_id, event_id, data)"
                " VALUES (1, '!room', 'm.read', ?, '$e', '{}')",
                (OWN,),
            )
        txn.execute("INSERT INTO devices (user_id, device_id, hidden) VALUES (?, 'PHONE', FALSE)", (OWN,))
        for row in (*goes, *stays):
            txn.execute(f"INSERT INTO {where} ({columns}) VALUES ({marks})", row)
    assert walk(database, name, rows=2, is_deleting=False) == len({keys_of(name, columns, row) for row in goes})
    assert walk(database, name, rows=2, is_deleting=True) >= len({keys_of(name, columns, row) for row in goes})
    with database.transaction() as txn:
        txn.execute(f"SELECT {columns} FROM {where}")
        left = {tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in txn.fetchall()}
    assert left == {tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in stays}


def keys_of(name: str, columns: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    named = dict(zip(columns.split(", "), row, strict=True))
    return tuple(named[key] for key in BY_NAME[name].keys)


def walk(database: Database, name: str, *, rows: int, is_deleting: bool) -> int:
    """All pages of a sweep; the number of keys that were due."""
    found, after = 0, None
    while True:
        with database.transaction() as txn:
            page = read_page(txn, BY_NAME[name], VALUES, after, rows)
            if is_deleting:
                delete(txn, BY_NAME[name], page.due)
        found += len(page.due)
        if page.end is None:
            return found
        after = page.end


@pytest.mark.parametrize("name", BY_NAME)
def test_every_sweep_is_valid_sql_on_both_engines(database: Database, name: str) -> None:
    with database.transaction() as txn:
        page = read_page(txn, BY_NAME[name], VALUES, None, 10)
        delete(txn, BY_NAME[name], page.due)
        if page.due:
            read_page(txn, BY_NAME[name], VALUES, page.due[0], 10)


def test_addresses_and_times_of_devices_are_emptied(database: Database) -> None:
    with database.transaction() as txn:
        txn.execute("DELETE FROM devices")
        txn.execute(
            "INSERT INTO devices (user_id, device_id, hidden, ip, user_agent, last_seen)"
            " VALUES (?, 'A', FALSE, '192.0.2.1', 'Element', ?), (?, 'B', FALSE, NULL, NULL, ?)",
            (OWN, OLD, OWN, NEW),
        )
    for name in ("devices.ip", "devices.last_seen"):
        assert walk(database, name, rows=10, is_deleting=True) == 1
    with database.transaction() as txn:
        txn.execute("SELECT device_id, ip, user_agent, last_seen FROM devices ORDER BY device_id")
        assert [tuple(row) for row in txn.fetchall()] == [("A", None, None, None), ("B", None, None, NEW)]


def test_members_that_are_not_known_yet_keep_everything(database: Database) -> None:
    with database.transaction() as txn:
        txn.execute("DELETE FROM device_lists_remote_cache")
        txn.execute("INSERT INTO device_lists_remote_cache VALUES ('@nobody:other.test', 'A', '{}')")
        txn.execute("INSERT INTO rooms (room_id, is_public) VALUES ('!joining', FALSE)")
        txn.execute("INSERT INTO partial_state_rooms (room_id) VALUES ('!joining')")
    assert walk(database, "device_lists_remote_cache", rows=10, is_deleting=True) == 0
    with database.transaction() as txn:
        txn.execute("DELETE FROM partial_state_rooms")
        txn.execute("DELETE FROM rooms WHERE room_id = '!joining'")
    assert walk(database, "device_lists_remote_cache", rows=10, is_deleting=True) == 1


@pytest.mark.parametrize(("before_ms", "expected"), [(0, 0), (10, 0), (11, 1), (1_000, 99), (1_001, 100), (9_999, 200)])
def test_the_age_of_a_position_is_found_by_bisection(database: Database, before_ms: int, expected: int) -> None:
    with database.transaction() as txn:
        assert ordering_before(txn, before_ms) == expected


@pytest.mark.parametrize("kind", RoomKind)
def test_every_question_about_rooms_is_valid_sql_on_both_engines(database: Database, kind: RoomKind) -> None:
    with database.transaction() as txn:
        due_rooms(txn, DueQuery(kind, 100, ("kasse.test",)), "", 10)


def test_only_one_process_deletes(database: Database) -> None:
    with database.transaction() as txn:
        table.hold_lease(txn, "bg1", 1_000_000)
    with pytest.raises(table.NotTheHolder), database.transaction() as txn:
        table.hold_lease(txn, "bg2", 1_030_000)
    with database.transaction() as txn:
        table.hold_lease(txn, "bg1", 1_050_000)
        table.hold_lease(txn, "bg2", 1_110_001)


def test_the_data_map_and_the_sweeps_say_the_same() -> None:
    """A table that the map says we clean is cleaned, and no other."""
    swept = {sweep.table for sweep in BY_NAME.values()} | {
        other for sweep in BY_NAME.values() for other, _ in sweep.also
    }
    claimed = {table for table, entry in data_map().items() if entry.by is DeletedBy.MODULE}
    shadows = {table for table in claimed if table.startswith("user_directory_search_")}  # SQLite's own
    assert claimed - shadows - swept == set()
    assert {table for table in swept - claimed if data_map()[table].by is DeletedBy.KEPT} == set()


def test_every_sweep_has_a_class_of_the_policy() -> None:
    assert {sweep.data_class for sweep in BY_NAME.values()} <= set(DATA_CLASSES)
