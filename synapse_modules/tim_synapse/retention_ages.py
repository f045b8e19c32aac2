"""How old the rows of each data class are: one bounded query per class, which reads and locks nothing for writers."""
# ruff: noqa: S608 - the statements are put together from the literals of this file

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from synapse.storage.database import LoggingTransaction

from tim_policy.retention_policy import Without
from tim_synapse.tables import is_there

MOST_ROWS = 1_000_000
"""Rows of a class that are looked at; what has more is said to."""
EDGES = tuple(timedelta(days=days) for days in (1, 7, 30, 90, 180, 365))
"""The ages between which rows are counted."""

_RECEIVED = "(SELECT e.received_ts FROM events e WHERE e.stream_ordering = {column})"
_TIMES: Mapping[str, str] = {
    "client_addresses": "SELECT last_seen AS ts FROM user_ips WHERE ip <> '' OR user_agent <> ''",
    "device_last_seen": "SELECT last_seen AS ts FROM devices WHERE NOT hidden",
    "daily_visits": "SELECT timestamp AS ts FROM user_daily_visits",
    "presence": "SELECT last_active_ts AS ts FROM presence_stream",
    "receipts": f"SELECT {_RECEIVED.format(column='r.event_stream_ordering')} AS ts FROM receipts_linearized r",
    "membership_history": f"SELECT {_RECEIVED.format(column='d.stream_id')} AS ts FROM current_state_delta_stream d",
    "room_tags": "SELECT NULL AS ts FROM room_tags",
    "reports": "SELECT received_ts AS ts FROM event_reports UNION ALL SELECT received_ts FROM room_reports"
    " UNION ALL SELECT received_ts FROM user_reports",
    "openid_tokens": "SELECT ts_valid_until_ms AS ts FROM open_id_tokens",
    "account_data": "SELECT NULL AS ts FROM account_data UNION ALL SELECT NULL FROM room_account_data",
    "session_tokens": "SELECT last_validated AS ts FROM access_tokens",
    "contact_proofs": "SELECT validated_at AS ts FROM threepid_validation_session",
    "to_device_queue": "SELECT queued_ts AS ts FROM device_federation_outbox UNION ALL SELECT NULL FROM device_inbox",
    "device_keys": "SELECT ts_added_ms AS ts FROM e2e_device_keys_json",
    "remote_devices": "SELECT NULL AS ts FROM device_lists_remote_cache",
    "destinations": "SELECT NULLIF(retry_last_ts, 0) AS ts FROM destinations",
    "local_media": "SELECT created_ts AS ts FROM local_media_repository",
    "remote_media": "SELECT created_ts AS ts FROM remote_media_cache",
    "url_previews": "SELECT download_ts AS ts FROM local_media_repository_url_cache",
    "redacted_content": "SELECT received_ts AS ts FROM redactions WHERE NOT have_censored",
    "messages": "SELECT received_ts AS ts FROM events WHERE state_key IS NULL",
    "room_state": "SELECT received_ts AS ts FROM events WHERE state_key IS NOT NULL",
    "deactivated_users": "SELECT NULL AS ts FROM users WHERE deactivated = 1",
    "user_directory": "SELECT NULL AS ts FROM user_directory",
    "push_leftovers": f"SELECT {_RECEIVED.format(column='a.stream_ordering')} AS ts FROM event_push_actions a",
    "statistics": "SELECT NULL AS ts FROM user_stats_current",
    "accounts": "SELECT creation_ts * 1000 AS ts FROM users",
    "audit_log": "SELECT NULL AS ts FROM tim_audit",
}
"""Milliseconds since 1970 of every row; NULL: no time. Rooms are due as a whole: see `retention_rooms`."""
_NEEDS = {"audit_log": "tim_audit"}


@dataclass(frozen=True, slots=True)
class Ages:
    """The rows of one class.

    Args:
        counts: rows younger than each of `EDGES`, and the older ones at the end; without those of an earlier count.
        untimed: rows that have no time.
        overdue: rows older than the period; None: the period is no time.
        is_cut: there are more rows than were looked at.
    """

    counts: Sequence[int]
    untimed: int
    overdue: int | None
    is_cut: bool


def counted_classes() -> tuple[str, ...]:
    """The data classes that have rows of their own."""
    return tuple(_TIMES)


def ages(txn: LoggingTransaction, data_class: str, period: timedelta | Without, now_ms: int) -> Ages:
    """Count the rows of a class."""
    needed = _NEEDS.get(data_class)
    if needed is not None and not is_there(txn, needed):
        return Ages((0,) * (len(EDGES) + 1), 0, None, is_cut=False)
    bounds = [now_ms - _milliseconds(edge) for edge in EDGES]
    before = now_ms - _milliseconds(period) if isinstance(period, timedelta) else None
    sums = ", ".join("COALESCE(SUM(CASE WHEN ts > ? THEN 1 ELSE 0 END), 0)" for _ in bounds)
    txn.execute(
        f"SELECT COUNT(*), COUNT(ts), {sums}, COALESCE(SUM(CASE WHEN ts < ? THEN 1 ELSE 0 END), 0)"
        f" FROM (SELECT CAST(ts AS BIGINT) AS ts FROM ({_TIMES[data_class]}) AS found LIMIT ?) AS counted",
        (*bounds, before if before is not None else 0, MOST_ROWS + 1),
    )
    ((rows, timed, *younger, overdue),) = txn.fetchall()
    counts = [int(count) - int(less) for count, less in zip((*younger, timed), (0, *younger), strict=True)]
    return Ages(counts, int(rows) - int(timed), None if before is None else int(overdue), is_cut=rows > MOST_ROWS)


def _milliseconds(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
