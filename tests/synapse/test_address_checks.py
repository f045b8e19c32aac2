"""Address evidence over time: who is asked, what is kept when names stop resolving, what other processes see."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import ensureDeferred

from tests.mmdb import country, write_mmdb
from tim_policy.federation_list import FederationList, ListedServer
from tim_policy.names import ServerName, parse_server_name
from tim_synapse.address_checks import AddressChecks, host_of
from tim_synapse.address_country import AddressDatabase

NAME = parse_server_name("praxis.test:8448")
HOUR = 3600
DE, US = frozenset({"DE"}), frozenset({"US"})


class Transaction(sqlite3.Cursor):
    database_engine = None

    def execute_batch(self, statement: str, rows: Sequence[Any]) -> None:
        self.executemany(statement, rows)


class Api:
    """The part of Synapse's module interface that the checks use; time stands still until it is set."""

    def __init__(self, database: sqlite3.Connection, *, is_background: bool) -> None:
        self.now = 1_000_000
        self.scheduled: list[Callable[[], Awaitable[None]]] = []
        self._database = database
        self._is_background = is_background

    async def run_db_interaction(self, _desc: str, function: Callable[..., Any], *arguments: Any) -> Any:
        with self._database:
            return function(self._database.cursor(Transaction), *arguments)

    async def defer_to_thread(self, function: Callable[[], Any]) -> Any:
        return function()

    def should_run_background_tasks(self) -> bool:
        return self._is_background

    def delayed_background_call(self, _msec: float, function: Callable[[], Awaitable[None]], *, desc: str) -> None:  # noqa: ARG002 - Synapse's names
        self.scheduled.append(function)

    def get_current_time_msec(self) -> int:
        return self.now * 1000

    def run_scheduled(self) -> None:
        """Run everything that waits, once."""
        waiting, self.scheduled = self.scheduled, []
        for function in waiting:
            ensureDeferred(function())  # type: ignore[arg-type]


class Lists:
    def __init__(self, *server_names: str) -> None:
        self.server_names: tuple[str, ...] | None = server_names
        self.callbacks: list[Callable[[], None]] = []

    def subscribe(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def current(self) -> FederationList | None:
        if self.server_names is None:
            return None
        return FederationList.of(
            1, [ListedServer(parse_server_name(name), "1-20", False) for name in self.server_names]
        )


class World:
    """Checks of one process, its DNS, and what it was asked."""

    def __init__(self, database: AddressDatabase, storage: sqlite3.Connection, *, is_background: bool = True) -> None:
        self.api = Api(storage, is_background=is_background)
        self.lists = Lists(NAME)
        self.dns: dict[str, list[str]] = {"praxis.test": ["192.0.2.1"]}
        self.asked: list[str] = []
        self.changes = 0
        self.checks = AddressChecks(
            self.api,  # type: ignore[arg-type] # see Api
            self.lists,  # type: ignore[arg-type] # see Lists
            database,
            timedelta(hours=1),
            self.resolve,
            self.changed,
        )
        self.checks.start()

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.dns[host]

    def changed(self) -> None:
        self.changes += 1

    def after(self, seconds: int) -> frozenset[str] | None:
        """What is known of NAME that much later, everything having run that was due."""
        self.api.now += seconds
        self.api.run_scheduled()
        return self.checks.countries(ServerName(NAME))


@pytest.fixture
def storage() -> sqlite3.Connection:
    return sqlite3.connect(":memory:")


@pytest.fixture
def database(tmp_path: Path) -> AddressDatabase:
    return AddressDatabase(
        write_mmdb(tmp_path / "country.mmdb", {"192.0.2.0/25": country("DE"), "192.0.2.128/25": country("US")})
    )


@pytest.fixture
def world(database: AddressDatabase, storage: sqlite3.Connection) -> World:
    return World(database, storage)


def test_a_listed_name_is_resolved_at_once_and_then_once_per_interval(world: World) -> None:
    assert world.after(0) == DE
    assert world.after(HOUR - 1) == DE
    assert world.asked == ["praxis.test"]
    world.after(1)
    assert world.asked == ["praxis.test"] * 2
    assert world.changes == 1


def test_a_name_that_moves_abroad_is_noticed(world: World) -> None:
    world.after(0)
    world.dns["praxis.test"] = ["192.0.2.1", "192.0.2.200"]
    assert world.after(HOUR) == DE | US
    assert world.changes == 2


def test_a_name_that_stops_resolving_keeps_its_evidence_for_a_day(world: World) -> None:
    world.after(0)
    del world.dns["praxis.test"]
    assert world.after(HOUR) == DE
    assert world.after(23 * HOUR) == DE
    assert world.after(1) is None
    assert world.changes == 2


def test_a_name_that_does_not_resolve_is_not_asked_in_every_cycle(world: World) -> None:
    world.dns.clear()
    for _ in range(10):
        world.after(60)
    assert world.asked == ["praxis.test"]


def test_unlisted_names_are_never_resolved(world: World) -> None:
    world.lists.server_names = ()
    assert world.after(0) is None
    world.lists.server_names = None
    assert world.after(0) is None
    assert world.asked == []


def test_a_newly_listed_name_is_resolved_when_the_list_changes(world: World) -> None:
    world.after(0)
    world.dns["neu.test"] = ["192.0.2.200"]
    world.lists.server_names = (NAME, "neu.test")
    world.lists.callbacks[0]()
    world.api.run_scheduled()
    assert world.checks.countries(parse_server_name("neu.test")) == US


def test_private_addresses_are_an_answer_without_evidence(world: World) -> None:
    world.dns["praxis.test"] = ["10.0.0.1"]
    assert world.after(0) == frozenset()


def test_another_process_sees_the_same_and_resolves_nothing(
    world: World, database: AddressDatabase, storage: sqlite3.Connection
) -> None:
    worker = World(database, storage, is_background=False)
    assert worker.after(0) is None
    world.after(0)
    assert worker.after(0) == DE
    world.dns["praxis.test"] = ["192.0.2.200"]
    world.after(HOUR)
    assert worker.after(HOUR) == US
    assert worker.asked == []


def test_evidence_survives_a_restart(world: World, database: AddressDatabase, storage: sqlite3.Connection) -> None:
    world.after(0)
    restarted = World(database, storage)
    restarted.dns.clear()
    assert restarted.after(60) == DE
    assert restarted.asked == []


def test_a_broken_database_is_one_line_and_evidence_stays(
    world: World, storage: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    world.after(0)
    storage.close()
    for _ in range(3):
        assert world.after(60) == DE
    assert [record.getMessage() for record in caplog.records] == [
        "component=residency error=ProgrammingError; addresses are not checked"
    ]


@pytest.mark.parametrize(
    ("server_name", "host"),
    [
        ("praxis.test", "praxis.test"),
        ("praxis.test:8448", "praxis.test"),
        ("192.0.2.1:8448", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:8448", "2001:db8::1"),
    ],
)
def test_the_host_of_a_server_name(server_name: str, host: str) -> None:
    assert host_of(parse_server_name(server_name)) == host
