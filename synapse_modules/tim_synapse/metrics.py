"""Metrics of the module, on Synapse's own metrics listener. Labels come from closed sets, never from users."""

from prometheus_client import Counter, Gauge

from tim_policy.decision import Allow, Decision

_DECISIONS = Counter(
    "tim_decisions", "Decisions by rule; reason is empty for 'allow'", ["action", "decision", "requirement", "reason"]
)
LIST_REFRESHES = Counter("tim_federation_list_refreshes", "Attempts to refresh the federation list", ["result"])
LIST_VERSION = Gauge("tim_federation_list_version", "Version of the federation list in use; 0: none")
LIST_CONFIRMED = Gauge(
    "tim_federation_list_confirmed_timestamp_seconds", "When the list was last known to be the newest; 0: never"
)


def count(action: str, decision: Decision) -> None:
    """Count one decision about `action` (a literal of the code, e.g. `invite`)."""
    if isinstance(decision, Allow):
        _DECISIONS.labels(action, "allow", "", "").inc()
    else:
        _DECISIONS.labels(action, "deny", decision.requirement, decision.reason).inc()
