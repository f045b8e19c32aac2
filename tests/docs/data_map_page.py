"""Writes docs/data-map.md from the data map and the retention policies."""

from tim_policy.data_map import DeletedBy, data_map
from tim_policy.retention_policy import PolicyName, class_descriptions, period_text, shipped_policy

_BY = {
    DeletedBy.SYNAPSE: "Synapse",
    DeletedBy.MODULE: "tim_synapse",
    DeletedBy.OWN: "tim_synapse (own table)",
    DeletedBy.KEPT: "kept",
}
_HEAD = """# Data map

Generated from `policies/tim_policy/retention/`; do not edit, run `make docs`. A test compares it with a fresh database
of each supported version of Synapse and fails when a table or column is missing here. What tim_synapse deletes it
deletes only with a `retention` block: see [retention.md](retention.md).

Not in this map, since no database holds them: log files (set `synapse.access` and root to WARNING: at INFO two lines
in three name a user or an address) and what a reverse proxy writes.

## Data classes and periods

"""
_TABLES = """
## Tables

A column is personal when it says, or links to, who did something with whom, when, where or how. "kept" gives the
reason.

| table | class | personal columns | deleted by | how, or why it is kept |
| --- | --- | --- | --- | --- |
"""


def page() -> str:
    """The whole document."""
    policies = [shipped_policy(name) for name in PolicyName]
    names = " | ".join(policy.policy for policy in policies)
    lines = [
        f"| class | what | {names} | purpose | lawful because | shorter breaks |",
        f"| --- | --- |{' --- |' * len(policies)} --- | --- | --- |",
    ]
    for name, described in class_descriptions().items():
        periods = " | ".join(period_text(getattr(policy.periods, name)) for policy in policies)
        cells = (f"`{name}`", described.what, periods, described.purpose, described.legal, described.breaks)
        lines.append(f"| {' | '.join(cells)} |")
    return _HEAD + "\n".join(lines) + "\n" + _TABLES + "\n".join(_rows()) + "\n"


def _rows() -> list[str]:
    return [
        f"| `{table}` | {entry.data_class} | {', '.join(entry.personal) or '–'} | {_BY[entry.by]} | {entry.how} |"
        for table, entry in data_map().items()
    ]
