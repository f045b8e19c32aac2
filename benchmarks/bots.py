"""What the bot chassis costs, beside the limit of the bare cryptography: `python -m benchmarks.bots`."""

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bot_crypto import (
    ANSWERED_PER_ROOM,
    MANY_ROOMS,
    MEMBERS,
    MESSAGES_PER_ROOM,
    PEOPLE,
    ROOMS,
    Measured,
    measure,
)
from benchmarks.machine import this_machine

_RESULTS = Path(__file__).parent / "results" / "bots.md"

Row = tuple[str, str, str, bool]
"""What, measured, limit, whether it is kept."""


def main() -> int:
    """Measure, write the report; 0 when every limit is kept, 1 when one is not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bots", description=__doc__)
    parser.add_argument("--output", type=Path, default=_RESULTS)
    arguments = parser.parse_args()
    began = datetime.now(UTC)
    measured = measure()
    rows = list(_rows(measured))
    text = _report(began, rows, measured)
    arguments.output.write_text(text, encoding="utf-8")
    print(text)
    return 0 if all(is_kept for *_, is_kept in rows) else 1


def _rows(measured: Measured) -> Iterable[Row]:
    waiting, answer = measured.waiting_per_second, measured.answer_cpu_ms
    share, restart, rss = measured.share_cpu_seconds, measured.restart_cpu_seconds, measured.restart_rss_mib
    yield (
        f"waiting messages decrypted, stored and handled, {ROOMS} rooms × {MESSAGES_PER_ROOM}",
        f"{waiting:,.0f} per second and core",
        "≥ 1,000",
        waiting >= 1_000,  # noqa: PLR2004 - the limit, also below
    )
    yield (
        f"a request with its answer, {ROOMS} rooms × {ANSWERED_PER_ROOM}, CPU of the bot",
        f"{answer:.2f} ms",
        "≤ 1.5 ms",
        answer <= 1.5,  # noqa: PLR2004
    )
    yield f"a room's key to {MEMBERS} devices, CPU", f"{share:.3f} s", "≤ 0.15 s", share <= 0.15  # noqa: PLR2004
    yield (
        f"restart until {MANY_ROOMS} rooms of {PEOPLE} people are there, CPU from the start of the process",
        f"{restart:.2f} s",
        "≤ 3 s",
        restart <= 3,  # noqa: PLR2004
    )
    yield "largest memory of that process", f"{rss:.0f} MiB", "≤ 90 MB", rss <= 90e6 / 2**20


def _report(began: datetime, rows: list[Row], measured: Measured) -> str:
    verdicts = [
        f"| {what} | {value} | {limit} | {'kept' if is_kept else '**not kept**'} |"
        for what, value, limit, is_kept in rows
    ]
    share = measured.waiting_per_second / measured.raw_per_second
    return "\n".join(
        [
            "# What the bot chassis costs",
            "",
            f"Written by `python -m benchmarks.bots` on {began:%d %B %Y, %H:%M} UTC, in one run. {this_machine()}",
            "",
            "| what | measured | limit | |",
            "| --- | --- | --- | --- |",
            *verdicts,
            "",
            f"A bare loop of Megolm decryptions makes {measured.raw_per_second:,.0f} per second here; with parsing,",
            f"the checks of the sender, storing and handling, messages are done at {share:.0%} of that.",
            "",
            "The bot is the real one: sync loop, guarded nio, crypto store, inbox, worker, outbox and sender on",
            "SQLite. The homeserver is a process that answers from memory, so its work does not count; the times are",
            "CPU times.",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
