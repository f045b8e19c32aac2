"""`tim retention report`: true counts on both engines, before and after a run, and nobody's name."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.retention.conftest import RetentionServer
from tests.retention.databases import Database
from tests.retention.waiting import until
from tests.synapse.matrix import new_room, say
from tim_policy.retention_policy import DATA_CLASSES, Without
from tim_synapse.retention_ages import ages, counted_classes

DAY = 86_400_000
NOW = 1_800_000_000_000


def test_rows_are_counted_by_their_age(empty_database: Database) -> None:
    with empty_database.transaction() as txn:
        for number, days in enumerate((0, 1, 6, 29, 31, 100, 200, 400, 500)):
            txn.execute(
                "INSERT INTO open_id_tokens VALUES (?, ?, ?)",
                (f"t{number}", NOW - days * DAY, "@canary:allein.tim.test"),
            )
        found = ages(txn, "openid_tokens", timedelta(days=30), NOW)
        assert (list(found.counts), found.untimed, found.overdue, found.is_cut) == ([1, 2, 1, 1, 1, 1, 2], 0, 5, False)
        assert ages(txn, "openid_tokens", Without.WHILE_USED, NOW).overdue is None
        txn.execute("DELETE FROM open_id_tokens")


def test_every_class_can_be_counted(empty_database: Database) -> None:
    with empty_database.transaction() as txn:
        for data_class in counted_classes():
            assert sum(ages(txn, data_class, timedelta(days=1), NOW).counts) == 0
    whole = {"inactive_rooms", "orphaned_rooms", "forgotten_rooms", "insured_only_rooms", "housekeeping"}
    assert {*counted_classes()} == {*DATA_CLASSES} - whole


async def test_before_and_after_a_run(enforcing: RetentionServer, tmp_path: Path) -> None:
    person = await enforcing.user()
    room_id = await new_room(person)
    await say(person, room_id, "Kanarienvogel")

    async def is_idle() -> bool:
        """The first run is over, and the next one an hour away, so that nothing is deleted before it is counted."""
        sql = "SELECT 1 FROM tim_retention_state WHERE run_ended_ts >= run_began_ts AND NOT is_run_requested"
        return enforcing.query(sql) != []

    await until(is_idle)
    enforcing.query(
        "INSERT INTO user_reports (id, received_ts, target_user_id, user_id, reason) "
        "VALUES (77, 1, ?, ?, 'Kanarienvogel')",
        (person.user_id, person.user_id),
    )
    first, second = tmp_path / "vorher.json", tmp_path / "nachher.json"
    bericht = tmp_path / "bericht.html"
    page = str(bericht)
    assert (await enforcing.tim("retention", "report", "--out", page, "--json-out", str(first)))[0] == 0
    await enforcing.run()
    code, out, err = await enforcing.tim(
        *("retention", "report", "--out", page, "--json-out", str(second), "--before", str(first))
    )
    assert (code, err) == (0, ""), out
    before, after = (json.loads(path.read_text()) for path in (first, second))
    assert before["classes"]["reports"]["overdue"] == 1
    assert after["classes"]["reports"]["overdue"] == 0
    assert after["classes"]["messages"]["counts"][0] >= 1
    html = bericht.read_text("utf-8")
    for text in (html, first.read_text(), second.read_text()):
        for canary in (
            person.user_id,
            person.user_id[1:10],
            room_id,
            "Kanarienvogel",
            enforcing.admin.user_id,
            "127.0.0",
        ):
            assert canary not in text
    assert "nachher" in html
    assert html.count("<svg") >= 4
    assert not re.search(r"(?:src|href)=|url\(|@import|<script", html)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is no JSON; expected what --json-out wrote"), ('{"classes": 1}', "created_ts"), ("[]", "valid dictionary")],
)
async def test_an_earlier_report_that_is_none_is_named(
    enforcing: RetentionServer, tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "x.json").write_text(content)
    arguments = ("--out", str(tmp_path / "out.html"), "--before", str(tmp_path / "x.json"))
    code, out, err = await enforcing.tim("retention", "report", *arguments)
    assert (code, out) == (2, "")
    assert "--before" in err
    assert message in err
    assert not (tmp_path / "out.html").exists()


async def test_only_admins_see_it(enforcing: RetentionServer) -> None:
    path = "/_synapse/client/tim/v1/retention/report"
    assert (await (await enforcing.user()).request("GET", path)).status == 403
    assert (await enforcing.client.request("GET", path)).status == 401
