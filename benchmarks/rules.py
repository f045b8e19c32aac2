"""What the rule book costs, measured beside the same Synapse without it: `python -m benchmarks.rules`."""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import any_base_port, this_machine
from benchmarks.pairs import Times, paired_ratio
from benchmarks.rule_decisions import Decision, measure_decisions, measure_room
from benchmarks.rule_traffic import CREATE, RULED, SEND, V1, V2, Measured, Rounds, measure_rule_traffic
from tim_policy.errors import TimError

_RESULTS = Path(__file__).parent / "results" / "rules.md"
_CREATE_LIMIT = 1.05
_DECISION_LIMIT = 20

Row = tuple[str, str, str, bool]
"""What, measured, limit, whether it is kept."""


def main() -> int:
    """Measure everything, write the report; 0 when every limit is kept, 1 when one is not, 2 when it cannot run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="of every operation (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=_RESULTS)
    arguments = parser.parse_args()
    began = datetime.now(UTC)
    rounds = Rounds(arguments.rounds, arguments.rounds, arguments.rounds // 2, arguments.rounds // 2)
    try:
        decisions, room = measure_decisions(), measure_room()
        traffic = asyncio.run(measure_rule_traffic(any_base_port(), rounds))
    except TimError as error:
        print(error, file=sys.stderr)
        return 2
    rows = [*_traffic_rows(traffic), *_decision_rows(decisions)]
    text = _report(began, rows, traffic, decisions, room)
    arguments.output.write_text(text, encoding="utf-8")
    print(text)
    return 0 if all(is_kept for *_, is_kept in rows) else 1


def _traffic_rows(traffic: Measured) -> Iterable[Row]:
    send = paired_ratio(traffic.times[SEND][RULED], traffic.times[SEND][V1])
    create = paired_ratio(traffic.times[CREATE][RULED], traffic.times[CREATE][V1])
    yield f"{SEND}, with / without module", str(send), "interval includes 1.00", send.low <= 1 <= send.high
    yield f"{CREATE}, with / without module", str(create), f"≤ {_CREATE_LIMIT}", create.median <= _CREATE_LIMIT


def _decision_rows(decisions: Sequence[Decision]) -> Iterable[Row]:
    slowest = max(decisions, key=lambda decision: decision.microseconds)
    yield (
        f"slowest decision of {len(decisions)} tables ({slowest.action})",
        f"{slowest.microseconds:.1f} µs",
        f"≤ {_DECISION_LIMIT} µs",
        slowest.microseconds <= _DECISION_LIMIT,
    )


def _report(began: datetime, rows: Sequence[Row], traffic: Measured, decisions: Sequence[Decision], room: float) -> str:
    verdicts = [
        f"| {what} | {measured} | {limit} | {'kept' if is_kept else '**not kept**'} |"
        for what, measured, limit, is_kept in rows
    ]
    (events,) = {tuple(sorted(events.items())) for events in traffic.room_events.values()}
    return "\n".join(
        [
            "# What the rule book costs",
            "",
            f"Written by `python -m benchmarks.rules` on {began:%d %B %Y, %H:%M} UTC, in one run. {this_machine()}",
            "",
            "| what | measured | limit | |",
            "| --- | --- | --- | --- |",
            *verdicts,
            "",
            "## Traffic, against Synapse without the module",
            "",
            "Three homeservers on SQLite ran at the same time: two without the module (the second is the control: it",
            "shows what the method makes of two equal servers) and one with every rule of pro-basis-1.2. Each round",
            "asked all three in random order over one kept-alive connection each; ratios are medians over the rounds",
            "with the 95 % interval of the bootstrap. createRoom carries what Element sends for a conversation: one",
            "invitee, encryption, history visibility.",
            "",
            "| operation | rounds | p50 without | control p50 | p50 with | with / without | control / without |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(_traffic_line(operation, times) for operation, times in traffic.times.items()),
            "",
            f"All three did the same work: each created room had {sum(number for _, number in events)} events ("
            + ", ".join(f"{number} {event_type}" for event_type, number in events)
            + ").",
            "",
            "## Decisions, without Synapse",
            "",
            "The slowest of all samples and profiles; facts are gathered before.",
            f"Reading a createRoom body, planning the room and judging each event of it takes {room:.0f} µs.",
            "",
            "| table | rules | decision |",
            "| --- | --- | --- |",
            *(f"| {each.action} | {each.rules} | {each.microseconds:.1f} µs |" for each in decisions),
            "",
        ]
    )


def _traffic_line(operation: str, times: Times) -> str:
    p50 = {name: f"{statistics.median(values) * 1000:.1f} ms" for name, values in times.items()}
    with_module, control = paired_ratio(times[RULED], times[V1]), paired_ratio(times[V2], times[V1])
    rounds = len(times[V1])
    return f"| {operation} | {rounds} | {p50[V1]} | {p50[V2]} | {p50[RULED]} | {with_module} | {control} |"


if __name__ == "__main__":
    sys.exit(main())
