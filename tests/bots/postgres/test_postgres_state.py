"""The bot's state on PostgreSQL: same tables, same promises, and one process per account across hosts."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, Engine, inspect, select, text

from tests.bots.test_schema import tables_of_the_program
from tim_bots.cipher import Cipher
from tim_bots.database import open_engine, open_shared_keys
from tim_bots.guard.tables import crypto_metadata, device
from tim_bots.inbox import Arrival, Kind, State
from tim_bots.lease import Lease, LeaseLost
from tim_bots.outbox import Action
from tim_bots.queues import Queues
from tim_bots.schema import StateUnusable

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUEUES = Queues.of(Cipher(os.urandom(32)))


@pytest.fixture
def engine(place: URL) -> Engine:
    return open_engine(place)


def taken(engine: Engine, ttl_seconds: float = 30) -> Lease:
    lease = Lease("test", ttl_seconds)
    with engine.begin() as connection:
        assert lease.take(connection)
    return lease


def can_take(engine: Engine) -> bool:
    with engine.begin() as connection:
        return Lease("other", 30).take(connection)


def test_the_migrations_make_the_tables_of_the_program(engine: Engine) -> None:
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, tables_of_the_program())
        # comments stand in the code, the database does without
        assert [found for found in differences if found[0][0] != "modify_comment"] == []


def test_accounts_do_not_see_each_other(place: URL, engine: Engine) -> None:
    other = open_engine(place.update_query_dict({"schema": "bot_other"}))
    with engine.begin() as connection:
        QUEUES.outbox.add(connection, "!a:a.test", "t", Action.LEAVE, {})
    with other.begin() as connection:
        assert QUEUES.outbox.count(connection) == 0


def test_a_newer_database_is_refused(place: URL, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateUnusable, match="database_url has schema 9999"):
        open_engine(place)


def test_four_starts_at_the_same_moment_do_not_collide(place: URL) -> None:
    start = threading.Barrier(4)

    def open_and_close() -> None:
        start.wait()
        open_engine(place).dispose()

    with ThreadPoolExecutor(4) as threads:
        for opening in [threads.submit(open_and_close) for _ in range(4)]:
            opening.result()


def test_a_server_that_is_away_is_one_line(place: URL) -> None:
    with pytest.raises(StateUnusable, match="cannot open the database"):
        open_engine(place.set(port=9))


def test_queues_and_timers_work_as_on_sqlite(engine: Engine) -> None:
    said = {"sender": "@anna:a.test", "kind": "text", "text": "Grüß Gott"}
    with engine.begin() as connection:
        for number in range(2):
            QUEUES.inbox.add(connection, Arrival("$1", "!a", Kind.MESSAGE, State.READY, said | {"n": number}), NOW)
        QUEUES.timers.set(connection, "!a", "k", NOW, {"x": 1})
        assert QUEUES.timers.fire(connection, NOW) == 1
        entry = QUEUES.inbox.next_message(connection, NOW)
        assert entry is not None
        assert entry.content == said | {"n": 0}
        QUEUES.inbox.finish(connection, entry.id)
        fired = QUEUES.inbox.next_message(connection, NOW)
        assert fired is not None
        assert fired.content == {"key": "k", "payload": {"x": 1}}


def test_what_one_process_works_on_another_does_not_get(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(2):
            QUEUES.inbox.add(connection, Arrival(f"${number}", f"!{number}", Kind.LEFT, State.READY, {}), NOW)
    with engine.begin() as first, engine.begin() as second:
        entries = [QUEUES.inbox.next_message(connection, NOW) for connection in (first, second, second)]
        assert [entry and entry.event_id for entry in entries] == ["$0", "$1", "$1"]


def test_one_process_has_the_account(engine: Engine) -> None:
    lease = taken(engine)
    assert not can_take(engine)
    with engine.begin() as connection:
        lease.release(connection)
    assert can_take(engine)


def test_eight_processes_ask_and_one_gets_it(engine: Engine) -> None:
    start = threading.Barrier(8)

    def ask(_number: int) -> bool:
        start.wait()
        return can_take(engine)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(8))) == 1


def expire(connection: Connection) -> None:
    connection.execute(text("UPDATE lease SET expires_at_ms = 0"))


def test_a_holder_that_comes_back_too_late_can_neither_write_nor_renew_nor_send(engine: Engine) -> None:
    frozen = taken(engine, ttl_seconds=0)
    with engine.begin() as connection:
        frozen.fence(connection)  # nobody took it meanwhile: what is under way may end
    taken(engine)
    for attempt in (frozen.fence, frozen.renew):
        with engine.begin() as connection, pytest.raises(LeaseLost):
            attempt(connection)
    with pytest.raises(LeaseLost):
        frozen.require_time_left()


def test_nobody_takes_over_in_the_middle_of_a_transaction(engine: Engine) -> None:
    lease = taken(engine)
    with engine.begin() as connection:
        lease.fence(connection)
        with engine.begin() as other:
            assert not Lease("other", 30).take(other)
    with engine.begin() as connection:
        expire(connection)
    with engine.begin() as connection:
        lease.fence(connection)
        assert not can_take(engine)
    assert can_take(engine)


def test_a_holder_stops_sending_before_its_time_is_over(engine: Engine) -> None:
    taken(engine, ttl_seconds=30).require_time_left()


def test_the_keys_are_fenced_and_stand_apart(place: URL, engine: Engine) -> None:
    lease = taken(engine, ttl_seconds=0)
    keys = open_shared_keys(place, crypto_metadata, lease.fence)
    with keys.begin() as connection:
        row = {"user_id": "@bot:a.test", "device_id": "D", "pickle": b"x", "is_published": True}
        connection.execute(device.insert().values(row))
    assert "crypto_device" not in inspect(engine).get_table_names(schema=str(place.query["schema"]))
    taken(engine)
    with pytest.raises(LeaseLost), keys.begin() as connection:
        connection.execute(device.delete())
    again = open_shared_keys(place, crypto_metadata, None)
    with again.begin() as connection:
        assert connection.scalar(select(device.c.device_id)) == "D"
