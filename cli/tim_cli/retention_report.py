"""The report of `tim retention report`: rows by age and data class, before and after, as a page with a chart."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from tim_cli.export_sections import period_words
from tim_cli.pages import template
from tim_policy.retention_german import german_classes
from tim_policy.settings import Settings

Count = Annotated[int, Field(ge=0)]
_COLOURS = ("#cfe3f3", "#a5cbe8", "#74add8", "#4489c0", "#2a6aa3", "#184c7d", "#0b2f54")
_UNTIMED = "#b9b4a8"
_WIDTH = 600
_HEIGHT = 16


class ClassAges(Settings):
    """Rows of one class: `counts` by age, `untimed` without a time, `overdue` older than the period (None: no time)."""

    period: str
    counts: tuple[Count, ...]
    untimed: Count
    overdue: Count | None
    is_cut: bool

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.counts) + self.untimed


class Report(Settings):
    """The answer of `retention/report`; `edge_days` are the ages between the counts."""

    created_ts: Count
    policy: str
    mode: str
    edge_days: tuple[Count, ...]
    classes: dict[str, ClassAges]


def page(report: Report, before: Report | None) -> str:
    """The report as HTML, in German.

    Args:
        report: as it is now.
        before: an earlier one to compare with; None: there is none.
    """
    ages = [*_labels(report.edge_days), "ohne Zeit"]
    rows = [_row(name, report, before) for name in german_classes() if name in report.classes]
    text: str = template("retention_report.html").render(
        report=report,
        created=_time(report.created_ts),
        before=before,
        before_created=None if before is None else _time(before.created_ts),
        rows=rows,
        ages=list(zip(ages, (*_COLOURS, _UNTIMED), strict=False)),
        width=_WIDTH,
        height=_HEIGHT,
    )
    return text


def _row(name: str, report: Report, before: Report | None) -> dict[str, object]:
    now = report.classes[name]
    earlier = None if before is None else before.classes.get(name)
    most = max(now.rows, 0 if earlier is None else earlier.rows)
    return {
        "label": german_classes()[name].label,
        "what": german_classes()[name].what,
        "period": period_words(now.period),
        "now": now,
        "earlier": earlier,
        "now_bar": bar(now, most),
        "earlier_bar": None if earlier is None else bar(earlier, most),
    }


def bar(ages: ClassAges, most: int) -> list[tuple[float, float, str, int]]:
    """The pieces of one bar: where each begins, how wide it is, its colour, and its rows.

    Args:
        ages: what to draw.
        most: rows that fill the whole width.
    """
    pieces = []
    position = 0.0
    for count, colour in zip((*ages.counts, ages.untimed), (*_COLOURS, _UNTIMED), strict=True):
        if count and most:
            width = _WIDTH * count / most
            pieces.append((round(position, 2), round(width, 2), colour, count))
            position += width
    return pieces


def _labels(edges: Sequence[int]) -> list[str]:
    names = [f"bis {days} {'Tag' if days == 1 else 'Tage'}" for days in edges]
    return [*names, f"über {edges[-1]} Tage"]


def _time(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%d.%m.%Y %H:%M} UTC"
