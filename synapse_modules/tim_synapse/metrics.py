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
LIST_IN_USE = Gauge(
    "tim_federation_list_in_use", "1: a verified list that is not too old; 0: every other server is refused"
)
LISTED_BY_RESIDENCY = Gauge(
    "tim_residency_listed_servers", "Listed servers by what residency says, also when it is only observed", ["verdict"]
)
ADDRESS_CHECKS = Counter("tim_residency_address_checks", "Names of listed servers that were resolved", ["result"])
GATE_SERVERS = Gauge("tim_gate_servers", "Servers that this process lets through, the own one included")
GATE_LIST_VERSION = Gauge("tim_gate_list_version", "Version of the federation list that the gate enforces; 0: none")
WHERE_IS = Counter("tim_where_is", "Questions where a user is listed in the directory (1.1)", ["result"])
REMOTE_EVENTS = Counter(
    "tim_remote_events", "Events of other homeservers that break a rule of this one; they were accepted", ["rule"]
)
CLIENT_REPORTS = Counter("tim_client_reports", "Reports of clients about structured data", ["result"])
REPORTED_EVENTS = Counter("tim_client_reported_events", "Events that clients reported", ["direction"])
RETENTION_CHANGED = Counter("tim_retention_deleted", "Rows, or rooms, that retention deleted", ["data_class"])
RETENTION_FAULT = Gauge("tim_retention_clock_fault", "1: the clock is not believed and nothing is deleted")
_REFUSED_REQUESTS = Counter(
    "tim_gate_refused_requests", "Requests refused by the federation gate", ["direction", "traffic"]
)


def count_refused_request(direction: str, traffic: str) -> None:
    """Count one request; both labels are literals of the code."""
    _REFUSED_REQUESTS.labels(direction, traffic).inc()


def count(action: str, decision: Decision) -> None:
    """Count one decision about `action` (a literal of the code, e.g. `invite`)."""
    if isinstance(decision, Allow):
        _DECISIONS.labels(action, "allow", "", "").inc()
    else:
        _DECISIONS.labels(action, "deny", decision.requirement, decision.reason).inc()
