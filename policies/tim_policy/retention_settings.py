"""Settings of Synapse that contradict a retention policy: what is never stored, and what Synapse deletes itself."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tim_policy.retention_policy import Policy, Without, period_text

_NOT_STORED: Mapping[str, str] = {
    "presence.enabled": "presence",
    "url_preview_enabled": "url_previews",
    "stats.enabled": "statistics",
}
"""Switches that must be off when their data class is not stored."""

_NEVER_STORED = ("limit_usage_by_mau", "mau_stats_only")
"""Switches that every policy wants off: nobody needs a list of who was active in which month."""

_LIFETIMES: Mapping[str, str] = {
    "user_ips_max_age": "client_addresses",
    "redaction_retention_period": "redacted_content",
    "media_retention.local_media_lifetime": "local_media",
    "media_retention.remote_media_lifetime": "remote_media",
}
"""Times that Synapse itself keeps to, by its settings; they must be set and not longer than the class's period."""

RETENTION_SETTINGS = (*_NOT_STORED, *_NEVER_STORED, *_LIFETIMES)
"""The keys of homeserver.yaml that `retention_contradictions` asks for."""


def retention_contradictions(policy: Policy, settings: Mapping[str, Any]) -> list[str]:
    """One line per contradiction, with the key to change.

    Args:
        policy: with the operator's periods.
        settings: value by each of `RETENTION_SETTINGS`; a switch is a bool, a lifetime a timedelta or None for none.
            One that is missing is another process's to check.
    """
    return [*_switches(policy, settings), *_lifetimes(policy, settings)]


def _switches(policy: Policy, settings: Mapping[str, Any]) -> Iterator[str]:
    for key, data_class in _NOT_STORED.items():
        if getattr(policy.periods, data_class) is Without.NOT_STORED and settings.get(key):
            yield f"homeserver.yaml: {key}: must be false, since the retention policy does not store {data_class}"
    for key in _NEVER_STORED:
        if settings.get(key):
            yield f"homeserver.yaml: {key}: must be false, since no retention policy stores who was active when"


def _lifetimes(policy: Policy, settings: Mapping[str, Any]) -> Iterator[str]:
    for key, data_class in _LIFETIMES.items():
        if key not in settings:
            continue
        period, lifetime = getattr(policy.periods, data_class), settings[key]
        if isinstance(period, timedelta) and (lifetime is None or lifetime > period):
            text = period_text(period)
            yield f"homeserver.yaml: {key}: must be {text} or less, as the retention policy says for {data_class}"
