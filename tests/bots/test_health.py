"""When `/ready` is red, and what its lines may say."""

import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tim_bots.health import LATE_AFTER, STALE_AFTER, Backlog, Health, readiness
from tim_bots.logs import JsonLines, LibraryText
from tim_bots.metrics import exposition

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GOOD = Health(last_sync_at=NOW, token_valid=True, identity_published=True)
EMPTY = Backlog()


def test_a_bot_that_works_is_ready() -> None:
    assert readiness(GOOD, EMPTY, NOW + STALE_AFTER)[0]


def test_a_fresh_process_is_red() -> None:
    is_ready, components = readiness(Health(), EMPTY, NOW)
    assert not is_ready
    assert [name for name, part in components.items() if not part["ok"]] == ["sync", "token", "identity"]


@pytest.mark.parametrize(
    ("change", "backlog", "component"),
    [
        ({"last_sync_at": NOW - STALE_AFTER - timedelta(seconds=1)}, EMPTY, "sync"),
        ({"token_valid": False}, EMPTY, "token"),
        ({"identity_published": False}, EMPTY, "identity"),
        ({}, replace(EMPTY, dead_in=1), "dead_letters"),
        ({}, replace(EMPTY, dead_out=1), "dead_letters"),
        ({}, replace(EMPTY, ready=1, oldest_in=NOW - LATE_AFTER - timedelta(seconds=1)), "messages"),
        ({}, None, "database"),
        ({"is_standby": True}, EMPTY, "turn"),
    ],
)
def test_one_fault_makes_it_red(change: dict[str, Any], backlog: Backlog | None, component: str) -> None:
    is_ready, components = readiness(replace(GOOD, **change), backlog, NOW)
    assert not is_ready
    assert [name for name, part in components.items() if not part["ok"]] == [component]


def test_a_room_that_cannot_be_reached_is_counted_only() -> None:
    is_ready, components = readiness(replace(GOOD, retrying={7}), replace(EMPTY, waiting_out=1), NOW)
    assert is_ready
    assert components["answers"] == {"ok": True, "waiting": 1, "retrying": 1, "oldest_seconds": 0}


def test_a_standby_knows_nothing_of_its_last_turn() -> None:
    health = replace(GOOD, retrying={7})
    health.stand_by()
    assert health == Health(is_standby=True)


def test_metrics_tell_counts_and_ages_with_labels_from_closed_sets() -> None:
    backlog = Backlog(ready=2, undecryptable=1, dead_in=1, waiting_out=3, oldest_out=NOW - timedelta(seconds=7))
    lines = exposition(GOOD, backlog, NOW).decode().splitlines()
    expected = {
        "tim_bot_ready 0.0",
        'tim_bot_component_ok{component="dead_letters"} 0.0',
        'tim_bot_component_ok{component="sync"} 1.0',
        'tim_bot_queue_length{queue="undecryptable"} 1.0',
        'tim_bot_queue_age_seconds{queue="outbox"} 7.0',
        'tim_bot_queue_age_seconds{queue="inbox"} 0.0',
    }
    assert expected <= set(lines)
    assert any(line.startswith("tim_bot_last_sync_timestamp_seconds 1.77") for line in lines)
    labels = {match for line in lines for match in re.findall(r"(\w+)=\"", line) if line.startswith("tim_bot_")}
    assert labels == {"component", "queue", "outcome", "kind", "code", "standing"} & labels


def test_without_a_database_the_metrics_still_say_so() -> None:
    text = exposition(Health(), None, NOW).decode()
    assert 'tim_bot_component_ok{component="database"} 0.0' in text
    assert "tim_bot_queue_length" not in text
    assert "tim_bot_last_sync_timestamp_seconds" not in text


def test_a_line_as_json() -> None:
    record = logging.LogRecord(
        "tim_bots.sync_loop", 30, "", 1, "sync failed component=sync error=%s retry_s=%.1f", ("OSError", 0.5), None
    )
    line = json.loads(JsonLines().format(record))
    del line["time"]
    assert line == {
        "level": "WARNING",
        "event": "sync failed",
        "component": "sync",
        "error": "OSError",
        "retry_s": "0.5",
    }


def test_what_a_library_says_is_not_logged() -> None:
    error = (ValueError, ValueError("@canary:a.test"), None)
    record = logging.LogRecord("asyncio", 40, "", 1, "@canary:a.test %s", ("!canary:a.test",), error)
    assert LibraryText().filter(record)
    line = logging.Formatter("%(message)s").format(record)
    assert line == "library warning component=asyncio error=ValueError"


def test_own_lines_are_logged_without_traceback() -> None:
    record = logging.LogRecord(
        "tim_bots.worker", 40, "", 1, "failed component=%s", ("worker",), (ValueError, ValueError("canary"), None)
    )
    assert LibraryText().filter(record)
    assert logging.Formatter("%(message)s").format(record) == "failed component=worker"
