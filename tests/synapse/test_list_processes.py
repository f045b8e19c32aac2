"""One list for all processes of a homeserver: stored, shared, verified by each, too old, rolled back, revoked."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.synapse.list_source import ListSource
from tests.synapse.module_api import Cluster, ProcessApi
from tests.synapse.reactor import running_reactor, twisted
from tim_policy.federation_list import MAX_AGE
from tim_policy.federation_trust import ListTrust
from tim_policy.list_refresh import BUDGET_PERIOD, NEGATIVE_CACHE
from tim_policy.names import ServerName
from tim_policy.ocsp import OcspPolicy
from tim_sandbox.ocsp_responder import OcspResponder
from tim_sandbox.pki import ListPki, make_list_pki
from tim_synapse.list_config import FederationListConfig
from tim_synapse.list_config import ListSource as SourceConfig
from tim_synapse.list_sources import LoadedSource
from tim_synapse.list_store import ListStore

FRIEND, NEWCOMER = ServerName("friend.tim.test"), ServerName("new.tim.test")
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reactor() -> Any:
    return running_reactor()


@pytest_asyncio.fixture
async def source(pki: ListPki) -> AsyncIterator[ListSource]:
    listening = ListSource(pki, 0)
    listening.serve(7, FRIEND)
    async with listening.listening():
        yield listening


@pytest.fixture
def cluster(reactor: Any, tmp_path: Path) -> Cluster:
    return Cluster(reactor, tmp_path / "homeserver.db")


class Process:
    """One process with its store; `refresh` is what the fetching one does when it is time."""

    def __init__(self, cluster: Cluster, source: ListSource, trust: ListTrust, *, fetches: bool, **config: Any) -> None:
        api: Any = ProcessApi(cluster, runs_background_tasks=fetches)
        settings = FederationListConfig(
            source=SourceConfig.model_validate({"url": source.url}), roots_file=Path("-"), **config
        )
        self.changes = 0
        self.store = ListStore(api, settings, trust, LoadedSource())
        self.store.subscribe(self._count)
        self.store.start()

    def _count(self) -> None:
        self.changes += 1

    async def poll(self) -> "Process":
        await twisted(self.store._poll())
        return self

    async def refresh(self) -> "Process":
        assert self.store._refresher is not None
        await twisted(self.store._refresher.refresh())
        return await self.poll()

    async def tick(self) -> "Process":
        await twisted(self.store._tick())
        return await self.poll()

    @property
    def version(self) -> int | None:
        current = self.store.current()
        return None if current is None else current.version


@pytest.fixture
def trust(pki: ListPki) -> ListTrust:
    return ListTrust((pki.root.certificate,), (pki.component_ca.certificate,))


@pytest.fixture
def main(cluster: Cluster, source: ListSource, trust: ListTrust) -> Process:
    return Process(cluster, source, trust, fetches=True)


@pytest.fixture
def worker(cluster: Cluster, source: ListSource, trust: ListTrust) -> Process:
    return Process(cluster, source, trust, fetches=False)


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Lines of the module from WARNING up since the last call."""
    lines = [
        r.getMessage() for r in caplog.records if r.name.startswith("tim_synapse") and r.levelno >= logging.WARNING
    ]
    caplog.clear()
    return lines


@contextmanager
def sql(cluster: Cluster) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(cluster.database)) as connection, connection:
        yield connection


async def test_a_worker_adopts_what_the_main_process_stored(main: Process, worker: Process) -> None:
    assert (await worker.poll()).version is None
    assert (await main.refresh()).version == 7
    assert (await worker.poll()).version == 7
    assert (main.changes, worker.changes) == (1, 1)
    status = worker.store.status()
    assert (status.version, status.servers, status.ocsp, status.source, status.outage) == (7, 1, "good", "url", None)
    assert status.chain == ("VZD-FHIR-FList-Signer", "GEM.KOMP-CA-SANDBOX TEST-ONLY", "GEM.RCA-SANDBOX TEST-ONLY")
    assert status.next_refresh_at is not None


async def test_the_change_of_the_last_update_is_known_everywhere(
    main: Process, worker: Process, source: ListSource
) -> None:
    await main.refresh()
    source.serve(8, NEWCOMER)
    await main.refresh()
    await worker.poll()
    for status in (main.store.status(), worker.store.status()):
        assert (status.previous_version, status.added, status.removed) == (7, (NEWCOMER,), (FRIEND,))
    assert main.changes == 2


async def test_a_confirmation_resets_the_age_without_a_new_list(
    main: Process, worker: Process, source: ListSource, cluster: Cluster
) -> None:
    await main.refresh()
    before = (await worker.poll()).store.current()
    cluster.now += HOUR
    source.serve_raw(b"", status=204)
    await main.refresh()
    assert (await worker.poll()).store.current() is before
    assert worker.store.status().age == timedelta(0)
    assert worker.changes == 1


async def test_a_restart_keeps_the_list_without_asking_anybody(
    main: Process, cluster: Cluster, trust: ListTrust, source: ListSource
) -> None:
    await main.refresh()
    asked = len(source.requests)
    cluster.now += 10 * HOUR  # the OCSP answers have to be fresh for the confirmation, not for now
    restarted = await Process(cluster, source, trust, fetches=True).poll()
    assert restarted.version == 7
    assert restarted.store.status().age is not None
    assert restarted.store.status().age == 10 * HOUR
    assert len(source.requests) == asked


async def test_a_restart_refuses_an_older_list(
    main: Process, cluster: Cluster, trust: ListTrust, source: ListSource, caplog: pytest.LogCaptureFixture
) -> None:
    await main.refresh()
    source.serve(6, NEWCOMER)
    restarted = await Process(cluster, source, trust, fetches=True).refresh()
    assert restarted.version == 7
    assert "version 6 is older than 7, in use" in faults(caplog)[0]


async def test_the_floor_stands_even_when_the_stored_list_cannot_be_verified_any_more(
    main: Process, cluster: Cluster, source: ListSource, trust: ListTrust, caplog: pytest.LogCaptureFixture
) -> None:
    await main.refresh()
    with sql(cluster) as connection:
        connection.execute("UPDATE tim_federation_list SET document = X'00', revision = revision + 1")
    source.serve(6, NEWCOMER)
    restarted = await Process(cluster, source, trust, fetches=True).refresh()
    assert restarted.version is None
    assert any("version 6 is older than 7, in use" in line for line in faults(caplog))
    source.serve(7, FRIEND)
    assert (await restarted.refresh()).version == 7


TAMPERINGS = {
    "another document": "UPDATE tim_federation_list SET document = X'612E622E63'",
    "another document with its digest": "UPDATE tim_federation_list SET document = X'612E622E63',"
    " digest = '62f8a1e3ba3cf2d4cb0acf5f0a1b7dbb6d6e64d67a29b5d8dbb2b5a2fbc0ca62'",
    "no OCSP answers": "UPDATE tim_federation_list SET ocsp_answers = '[]'",
    "not even JSON": "UPDATE tim_federation_list SET ocsp_answers = 'x'",
}


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS.keys())
async def test_the_database_is_not_believed(
    main: Process, worker: Process, cluster: Cluster, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    await main.refresh()
    with sql(cluster) as connection:
        connection.execute(statement)
        connection.execute("UPDATE tim_federation_list SET revision = revision + 1")
    assert (await worker.poll()).version is None
    for _ in range(3):
        await worker.poll()
    assert len(faults(caplog)) == 1


@pytest.mark.requirement("A_25632")
async def test_an_age_over_72_hours_closes_every_process_with_one_line_each(
    main: Process,
    worker: Process,
    cluster: Cluster,
    source: ListSource,
    responder: OcspResponder,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(responder, "_now", lambda: cluster.now)
    await main.refresh()
    await worker.poll()
    cluster.now += MAX_AGE + timedelta(seconds=1)
    for _ in range(3):
        assert ((await main.poll()).version, (await worker.poll()).version) == (None, None)
    lines = faults(caplog)
    assert len(lines) == 2
    assert all("version 7 was not confirmed for 72 h; every other server is refused" in line for line in lines)
    assert (main.changes, worker.changes) == (2, 2)
    source.serve_raw(b"", status=204)
    await main.refresh()
    await worker.poll()
    assert (main.version, worker.version) == (7, 7)
    assert (main.changes, worker.changes) == (3, 3)


async def test_a_clock_that_jumps_ahead_closes_and_refreshes_at_once(
    main: Process, cluster: Cluster, source: ListSource
) -> None:
    await main.tick()
    assert main.version == 7
    source.serve_raw(b"", status=500)
    cluster.now += 100 * HOUR
    assert (await main.tick()).version is None
    assert len(source.requests) == 2


async def test_a_clock_that_is_set_back_makes_the_list_no_younger_than_now(
    main: Process, worker: Process, cluster: Cluster, source: ListSource
) -> None:
    await main.tick()
    source.serve_raw(b"", status=500)
    cluster.now -= timedelta(seconds=90)  # OCSP answers tolerate five minutes
    assert (await worker.poll()).version == 7
    assert worker.store.status().age == timedelta(0)
    cluster.now += MAX_AGE + timedelta(seconds=1)
    assert (await worker.poll()).version is None


async def test_a_clock_that_is_set_back_for_good_is_felt_at_the_next_attempt(
    main: Process, cluster: Cluster, source: ListSource
) -> None:
    await main.tick()
    cluster.now -= timedelta(days=30)
    await main.tick()
    assert len(source.requests) == 2  # due at once, since the planned time is further away than any interval
    assert main.store.status().outage is not None  # today's certificates are not valid a month ago
    assert main.version == 7
    assert main.store.status().age == timedelta(0)


async def test_retries_after_a_failure_are_three_quick_ones_then_hourly(
    main: Process, cluster: Cluster, source: ListSource, caplog: pytest.LogCaptureFixture
) -> None:
    await main.refresh()
    source.serve_raw(b"", status=503)
    waits = []
    for _ in range(5):
        await main.refresh()
        next_at = main.store.status().next_refresh_at
        assert next_at is not None
        waits.append(next_at - cluster.now)
    assert all(timedelta(minutes=4) < wait <= timedelta(minutes=5) for wait in waits[:3])
    assert all(timedelta(minutes=53) < wait <= HOUR for wait in waits[3:])
    (line,) = faults(caplog)
    assert line.endswith("status 503 (expected: 200 or 204); the last list stays in use")


async def test_a_revoked_signer_ends_the_list_in_every_process(
    main: Process, worker: Process, source: ListSource, pki: ListPki, responder: OcspResponder, cluster: Cluster
) -> None:
    await main.refresh()
    await worker.poll()
    responder.revoke(pki.signer.certificate)
    try:
        source.serve_raw(b"", status=204)
        await main.refresh()
        await worker.poll()
        assert (main.version, worker.version) == (None, None)
        assert main.store.status().outage == "certificate 'VZD-FHIR-FList-Signer' is revoked, says its OCSP responder"
        source.serve(8, FRIEND)
        assert (await main.refresh()).version is None
    finally:
        responder.reinstate(pki.signer.certificate)
    cluster.now += HOUR
    await main.refresh()
    assert (await worker.poll()).version == 8


async def test_a_new_list_of_a_revoked_signer_ends_the_old_one_of_the_same_signer(
    main: Process, source: ListSource, pki: ListPki, responder: OcspResponder
) -> None:
    await main.refresh()
    responder.revoke(pki.component_ca.certificate)
    try:
        source.serve(8, FRIEND)
        assert (await main.refresh()).version is None
    finally:
        responder.reinstate(pki.component_ca.certificate)


async def refuse_without_responder(cluster: Cluster, policy: OcspPolicy) -> Process:
    lonely = make_list_pki(ocsp_url="http://127.0.0.1:1/ocsp")
    source = ListSource(lonely, 0)
    source.serve(7, FRIEND)
    trust = ListTrust((lonely.root.certificate,), (lonely.component_ca.certificate,))
    async with source.listening():
        process = Process(cluster, source, trust, fetches=True, ocsp=policy)
        await process.refresh()
        return await process.refresh()


async def test_without_a_responder_require_refuses_the_list(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    process = await refuse_without_responder(cluster, OcspPolicy.REQUIRE)
    assert process.version is None
    (line,) = faults(caplog)
    assert "no OCSP answer for 'VZD-FHIR-FList-Signer': its responder does not answer" in line


async def test_without_a_responder_soft_accepts_the_list_and_says_so(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    process = await refuse_without_responder(cluster, OcspPolicy.SOFT)
    assert (process.version, process.store.status().ocsp) == (7, "not checked")
    (line,) = faults(caplog)
    assert "revocation not checked: no OCSP answer for 'VZD-FHIR-FList-Signer'" in line


async def test_soft_refuses_what_is_revoked(
    cluster: Cluster, source: ListSource, trust: ListTrust, pki: ListPki, responder: OcspResponder
) -> None:
    responder.revoke(pki.signer.certificate)
    try:
        process = await Process(cluster, source, trust, fetches=True, ocsp=OcspPolicy.SOFT).refresh()
        assert process.version is None
    finally:
        responder.reinstate(pki.signer.certificate)


@pytest.mark.requirement("A_25537")
async def test_an_unknown_server_makes_the_main_process_refetch_once(
    main: Process, source: ListSource, cluster: Cluster
) -> None:
    await main.refresh()
    source.serve(8, FRIEND, NEWCOMER)
    asked = len(source.requests)
    answers = await asyncio.gather(*(twisted(main.store.refresh_for_unknown(NEWCOMER)) for _ in range(20)))
    assert answers == [True] * 20
    assert len(source.requests) == asked + 1
    stranger = ServerName("stranger.test")
    assert [await twisted(main.store.refresh_for_unknown(stranger)) for _ in range(5)] == [False] * 5
    assert len(source.requests) == asked + 2
    cluster.now += NEGATIVE_CACHE
    await twisted(main.store.refresh_for_unknown(stranger))
    assert len(source.requests) == asked + 3


async def test_many_unknown_servers_share_one_budget(main: Process, source: ListSource, cluster: Cluster) -> None:
    await main.refresh()
    asked = len(source.requests)
    for i in range(10):
        await twisted(main.store.refresh_for_unknown(ServerName(f"s{i}.test")))
    assert len(source.requests) == asked + 3
    cluster.now += BUDGET_PERIOD
    await twisted(main.store.refresh_for_unknown(ServerName("s99.test")))
    assert len(source.requests) == asked + 4


@pytest.mark.requirement("A_25537")
async def test_a_worker_asks_the_main_process_to_refetch(main: Process, worker: Process, source: ListSource) -> None:
    await main.refresh()
    await worker.poll()
    source.serve(8, FRIEND, NEWCOMER)

    async def processes_go_on() -> None:
        while True:
            await main.tick()
            await main.poll()
            await worker.poll()
            await asyncio.sleep(0)

    rest = asyncio.create_task(processes_go_on())
    try:
        assert await asyncio.wait_for(twisted(worker.store.refresh_for_unknown(NEWCOMER)), 10)
    finally:
        rest.cancel()


async def test_a_database_that_takes_nothing_leaves_the_list_as_it_was(
    main: Process, worker: Process, source: ListSource, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    await main.refresh()
    with sql(cluster) as connection:
        for table in ("tim_federation_list", "tim_federation_list_refresh"):
            connection.execute(
                f"CREATE TRIGGER ro_{table} BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'readonly'); END"
            )
    source.serve(8, FRIEND, NEWCOMER)
    await main.refresh()
    await main.refresh()
    await worker.poll()
    assert (main.version, worker.version) == (7, 7)
    (line,) = faults(caplog)
    assert line.endswith("error=the database does not take the list (IntegrityError); the last list stays in use")


async def test_a_database_without_room_for_the_tables_keeps_everybody_out(
    cluster: Cluster, source: ListSource, trust: ListTrust, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.database.mkdir()
    process = await Process(cluster, source, trust, fetches=True).refresh()
    assert process.version is None
    lines = faults(caplog)
    assert any("every other server is refused" in line for line in lines)
    assert len(lines) == 2  # it cannot be read, and cannot be written


async def test_a_newer_schema_is_left_alone(
    main: Process, cluster: Cluster, source: ListSource, trust: ListTrust, caplog: pytest.LogCaptureFixture
) -> None:
    await main.refresh()
    with sql(cluster) as connection:
        connection.execute("UPDATE tim_schema_version SET version = 99")
    process = await Process(cluster, source, trust, fetches=True).refresh()
    assert process.version is None
    assert "was written by a newer release (schema 99, known: 1); update tim_synapse" in faults(caplog)[0]


async def test_a_failing_subscriber_is_called_again(main: Process) -> None:
    calls: list[datetime] = []

    def fails_once() -> None:
        calls.append(datetime.now(UTC))
        if len(calls) == 1:
            raise RuntimeError

    main.store.subscribe(fails_once)
    await main.refresh()
    await main.poll()
    assert len(calls) == 2
    assert main.version == 7
