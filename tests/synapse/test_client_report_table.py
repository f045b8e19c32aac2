"""The sums of reports on both databases Synapse runs on."""

from datetime import UTC, date, datetime

import pytest

from tests.synapse.database import Database
from tim_policy.client_report import ClientReport, ReportEntry
from tim_synapse import client_report_table
from tim_synapse.client_report_table import ClientReportTable, ReportedSum

START = datetime(2026, 11, 1, tzinfo=UTC)
MONDAY, TUESDAY, NEXT_WEEK = date(2026, 11, 23), date(2026, 11, 24), date(2026, 12, 1)


def report(*entries: ReportEntry) -> ClientReport:
    return ClientReport(START, entries)


async def test_reports_are_summed_by_day_and_counted_once(database: Database) -> None:
    table = ClientReportTable(database)  # type: ignore[arg-type] # see Database
    assert await table.sums(MONDAY, TUESDAY) == []
    both = report(ReportEntry("sent", "de.a", "v1", 3), ReportEntry("received", "de.a", "v1", 1))
    assert await table.add(both, "token", b"{}", MONDAY)
    assert not await table.add(both, "token", b"{}", TUESDAY)
    assert await table.add(both, "another token", b"{}", MONDAY)
    assert await table.add(both, "token", b"{ }", TUESDAY)
    assert await table.sums(MONDAY, MONDAY) == [
        ReportedSum("2026-11-23", "received", "de.a", "v1", 2, 2),
        ReportedSum("2026-11-23", "sent", "de.a", "v1", 6, 2),
    ]
    assert [found.events for found in await table.sums(MONDAY, TUESDAY)] == [2, 6, 1, 3]
    assert await table.add(both, "token", b"{}", NEXT_WEEK), "a receipt is kept for a week"


async def test_a_day_has_room_for_so_many_procedures(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_report_table, "_MAX_PROCEDURES", 2)
    table = ClientReportTable(database)  # type: ignore[arg-type] # see Database
    names = report(*(ReportEntry("sent", name, "v1", 1) for name in "abc"))
    assert await table.add(names, "token", b"1", MONDAY)
    assert await table.add(names, "token", b"2", MONDAY)
    assert [(found.procedure, found.events) for found in await table.sums(MONDAY, MONDAY)] == [("a", 2), ("b", 2)]


async def test_nothing_tells_who_reported(database: Database) -> None:
    table = ClientReportTable(database)  # type: ignore[arg-type] # see Database
    await table.add(report(), "geheimes-token", b"{}", MONDAY)

    def receipts(txn: object) -> list[tuple[str, ...]]:
        txn.execute("SELECT * FROM tim_client_report_receipts")  # type: ignore[attr-defined]
        return list(txn.fetchall())  # type: ignore[attr-defined]

    ((digest, day),) = await database.run_db_interaction("test", receipts)
    assert (len(digest), day) == (64, "2026-11-23")
    assert "geheim" not in digest
