"""What of an export is shown on paper: some rows per table, in words; all of them are in the JSON file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tim_policy.retention_german import german_classes, german_period
from tim_policy.retention_policy import Without
from tim_policy.units import parse_duration

SHOWN_ROWS = 200
"""Per table; whoever wants more opens the JSON file."""
_LONGEST_VALUE = 500
_FIRST_MS = 1_000_000_000_000
_IN_SECONDS = frozenset({"creation_ts"})


@dataclass
class Section:
    """Rows of one table that were found by one column."""

    table: str
    column: str
    data_class: str
    count: int = 0
    rows: list[list[tuple[str, str]]] = field(default_factory=list)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count it, and keep it while there are few."""
        self.count += 1
        if len(self.rows) < SHOWN_ROWS:
            self.rows.append([(name, text(name, value)) for name, value in row.items() if value not in (None, "")])

    @property
    def hidden(self) -> int:
        """How many rows are in the JSON file only."""
        return self.count - len(self.rows)


class Sections:
    """The whole export, class by class.

    Args:
        about: the homeserver's answer about the user.
        now: when it was made.
    """

    def __init__(self, about: Mapping[str, Any], now: datetime) -> None:
        self.about = about
        self.created = f"{now:%d.%m.%Y %H:%M} UTC"
        self.filled: list[Section] = []

    def begin(self, table: str, column: str, data_class: str) -> Section:
        """A section, in which there is at least one row."""
        section = Section(table, column, data_class)
        self.filled.append(section)
        return section

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(section.count for section in self.filled)

    def classes(self) -> list[dict[str, Any]]:
        """The data classes with rows, in the order of the policy; each with its period as the homeserver told it."""
        found = []
        for name, german in german_classes().items():
            sections = [section for section in self.filled if section.data_class == name]
            if sections:
                period = period_words(self.about["periods"].get(name))
                found.append({"name": name, "german": german, "period": period, "sections": sections})
        return found


def period_words(period: str | None) -> str:
    """A period of the policy (`30d`) in German; None: there is no policy in force."""
    if period is None:
        return "keine Frist eingerichtet"
    return german_period(Without(period) if period in set(Without) else parse_duration(period))


def text(name: str, value: Any) -> str:
    """A value as one reads it: times as dates, structures as JSON, long texts cut."""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, int) and _is_time(name):
        seconds = value if name in _IN_SECONDS else value / 1000
        if seconds * 1000 >= _FIRST_MS:
            try:
                return f"{datetime.fromtimestamp(seconds, UTC):%d.%m.%Y %H:%M:%S} UTC"
            except (ValueError, OverflowError, OSError):
                return str(value)
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Control characters and those that turn the direction of writing could hide what stands there.
    shown = "".join(sign if sign.isprintable() or sign == " " else "\N{REPLACEMENT CHARACTER}" for sign in shown)
    return shown if len(shown) <= _LONGEST_VALUE else shown[:_LONGEST_VALUE] + " … (gekürzt)"


def _is_time(name: str) -> bool:
    return name.endswith(("_ts", "_ts_ms", "_at")) or name in ("last_seen", "timestamp", "ts", "last_success")
