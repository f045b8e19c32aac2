"""The JSON of the admin API, made from what the module knows; times are ISO 8601 in UTC, durations seconds."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tim_policy.decision import Decision, Deny
from tim_policy.federation_list import FederationList
from tim_policy.names import ServerName
from tim_policy.residency import ResidencyEvidence, judge_residency
from tim_synapse.isolation import Outcome, SharedRoom
from tim_synapse.list_status import ListStatus
from tim_synapse.residency import Residency

Json = dict[str, Any]


def decision_json(decision: Decision) -> Json:
    """`decision`, and for a refusal its `requirement` and `reason`."""
    if isinstance(decision, Deny):
        return {"decision": "deny", "requirement": decision.requirement, "reason": decision.reason.value}
    return {"decision": "allow"}


def list_json(status: ListStatus) -> Json:
    """The federation list, without what its last update changed."""
    return {
        "version": status.version,
        "in_use": status.is_in_use,
        "confirmed_at": _instant(status.confirmed_at),
        "age_seconds": _seconds(status.age),
        "next_refresh_at": _instant(status.next_refresh_at),
        "source": status.source,
        "signer": status.signer,
        "chain": list(status.chain),
        "ocsp": status.ocsp,
        "servers": status.servers,
        "insurers": status.insurers,
        "entries": status.entries,
        "outage": status.outage,
    }


def diff_json(status: ListStatus) -> Json:
    """What the last update of the list changed."""
    return {
        "previous_version": status.previous_version,
        "version": status.version,
        "added": sorted(status.added),
        "removed": sorted(status.removed),
    }


def mode_json(residency: Residency) -> str:
    """`enforce`, `observe` or `off`."""
    return residency.mode.value if residency.mode is not None else "off"


def rules_json(rules: Sequence[tuple[str, str, Decision]]) -> list[Json]:
    """What each rule says, in the order in which they are asked."""
    return [
        {"requirement": requirement, "rule": rule, **decision_json(decision)} for requirement, rule, decision in rules
    ]


def listing_json(current: FederationList | None, server_name: ServerName) -> Json:
    """What the list in use says about a server."""
    listed = current.get(server_name) if current is not None else None
    if current is None or listed is None:
        return {"version": None if current is None else current.version, "listed": False}
    return {
        "version": current.version,
        "listed": True,
        "telematik_id": listed.telematik_id,
        "is_insurance": listed.is_insurance,
        "ik": list(listed.ik_numbers),
    }


def evidence_json(evidence: ResidencyEvidence | None, mode: str) -> Json:
    """What is known about a server's country; a country is null when nothing is known from there."""
    if evidence is None:
        return {"mode": mode}
    addresses = evidence.address_countries
    return {
        "mode": mode,
        "operator_country": evidence.operator_country,
        "directory_country": evidence.directory_country,
        "address_countries": None if addresses is None else sorted(addresses),
        "verdict": decision_json(judge_residency(evidence)),
    }


def rooms_json(rooms: Iterable[SharedRoom]) -> list[Json]:
    """Shared rooms with counts; no user is named."""
    return [
        {
            "room_id": room.room_id,
            "members": room.members,
            "local_members": room.local_members,
            "way": room.way.value,
        }
        for room in rooms
    ]


def isolation_json(done: Sequence[tuple[SharedRoom, Outcome]]) -> list[Json]:
    """Shared rooms and what became of them."""
    return [
        {**room, "outcome": outcome.value}
        for room, (_, outcome) in zip(rooms_json(r for r, _ in done), done, strict=True)
    ]


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="seconds")


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())
