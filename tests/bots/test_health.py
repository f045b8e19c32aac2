"""When `/ready` is red, and what its lines may say."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tim_bots.health import STALE_AFTER, Backlog, Health, readiness
from tim_bots.logs import LibraryText

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GOOD = Health(last_sync_at=NOW, token_valid=True, identity_published=True)
EMPTY = Backlog(failed=0, waiting_in=0, waiting_out=0)


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
        ({}, replace(EMPTY, failed=1), "messages"),
    ],
)
def test_one_fault_makes_it_red(change: dict[str, Any], backlog: Backlog, component: str) -> None:
    is_ready, components = readiness(replace(GOOD, **change), backlog, NOW)
    assert not is_ready
    assert [name for name, part in components.items() if not part["ok"]] == [component]


def test_a_room_that_cannot_be_reached_is_counted_only() -> None:
    is_ready, components = readiness(replace(GOOD, retrying={7}), replace(EMPTY, waiting_out=1), NOW)
    assert is_ready
    assert components["answers"] == {"ok": True, "waiting": 1, "retrying": 1}


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
