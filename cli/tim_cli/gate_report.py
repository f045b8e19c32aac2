"""The answers of the gate's admin API as plain text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tim_cli.admin_request import printable

Answer = Mapping[str, Any]

_REASONS = {
    "no_verified_list": "there is no verified list, so every other server is refused",
    "server_not_listed": "not on the federation list",
    "server_outside_region": "a piece of evidence places it outside the allowed countries",
    "server_region_unknown": "nothing is known about its country",
    "invalid_server_name": "not a server name (expected: lower case host or host:port)",
}


def status(answer: Answer) -> str:
    """Text for `status`."""
    of_list, residency = answer["list"], answer["residency"]
    version = "none" if of_list["version"] is None else of_list["version"]
    usage = "in use" if of_list["in_use"] else "NOT in use: every other server is refused"
    lines = [
        ("homeserver", f"{answer['server_name']} ({answer['worker']})"),
        ("list", f"version {version}, {usage}"),
        ("confirmed", _age(of_list)),
        ("source", of_list["source"]),
        ("next refresh", of_list["next_refresh_at"] or "unknown to this process"),
        ("signer", " < ".join(of_list["chain"]) or of_list["signer"] or "none"),
        ("OCSP", of_list["ocsp"] or "none"),
        ("servers", f"{of_list['servers']} ({of_list['insurers']} insurers, {of_list['entries']} entries)"),
        ("allowed", f"{answer['allowed_servers']} of them pass the gate now"),
        ("residency", _residency(residency)),
    ]
    if of_list["outage"]:
        lines.append(("outage", of_list["outage"]))
    return _table(lines)


def explain(answer: Answer) -> str:
    """Text for `explain`."""
    verdict = "allowed" if answer["decision"] == "allow" else f"REFUSED: {_reason(answer)}"
    lines = [("server", answer["server_name"]), ("decision", verdict)]
    if (answer["decision"] == "allow") != answer["passes_now"]:
        lines.append(
            ("gate", "does not follow yet" if answer["decision"] == "allow" else "lets it through until it follows")
        )
    lines += [("rule", f"{rule['rule']} ({rule['requirement']}): {_verdict(rule)}") for rule in answer["rules"]]
    if answer.get("is_own_server"):
        lines.append(("evidence", "this is the homeserver itself"))
    if "list" in answer:
        lines.append(("list", _listing(answer["list"])))
    if "residency" in answer:
        lines += _evidence(answer["residency"])
    return _table(lines)


def diff(answer: Answer) -> str:
    """Text for `diff`."""
    if answer["version"] is None:
        return "There is no verified list yet."
    if answer["previous_version"] is None:
        return f"Version {answer['version']} is the first one this process knows; there is nothing to compare it with."
    added, removed = answer["added"], answer["removed"]
    lines = [f"version {answer['previous_version']} -> {answer['version']}: {len(added)} added, {len(removed)} removed"]
    lines += [f"+ {printable(name)}" for name in added] + [f"- {printable(name)}" for name in removed]
    return "\n".join(lines)


def isolation(answer: Answer) -> str:
    """Text for `isolate`."""
    server, rooms = printable(answer["server_name"]), answer["rooms"]
    if not rooms:
        return f"No room of this homeserver has members of {server}."
    lines = [
        f"{len(rooms)} rooms with members of {server}" + (" (dry run, nothing changed)" if answer["dry_run"] else "")
    ]
    lines += [
        f"{printable(room['room_id'])}  {room['members']} of theirs, {room['local_members']} of ours  {_outcome(room)}"
        for room in rooms
    ]
    return "\n".join(lines)


def _outcome(room: Answer) -> str:
    match room["outcome"], room["way"]:
        case "planned", "remove":
            return "would be removed and the room closed to their server"
        case "planned", _:
            return "ours would leave"
        case "removed", _:
            return "removed"
        case "left", _:
            return "ours left"
        case "skipped", _:
            return "STAYS: nobody of ours may remove them; add --leave to leave the room"
    return "FAILED: see the homeserver's log"


def _age(of_list: Answer) -> str:
    if of_list["confirmed_at"] is None:
        return "never"
    minutes = of_list["age_seconds"] // 60
    return f"{of_list['confirmed_at']} ({minutes // 1440} d {minutes // 60 % 24} h {minutes % 60} min ago)"


def _residency(residency: Answer) -> str:
    counts = residency["listed_servers"]
    parts = [f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items())]
    return ": ".join(part for part in (residency["mode"], ", ".join(parts)) if part)


def _listing(listing: Answer) -> str:
    if listing["version"] is None:
        return "no verified list"
    if not listing["listed"]:
        return f"version {listing['version']}: not listed"
    kind = "insurer" if listing["is_insurance"] else "professional"
    return f"version {listing['version']}: listed, Telematik-ID {listing['telematik_id']}, {kind}"


def _evidence(residency: Answer) -> list[tuple[str, str]]:
    if residency["mode"] == "off":
        return [("residency", "off (no residency block in the module's configuration)")]
    addresses = residency["address_countries"]
    lines = [
        ("operator", residency["operator_country"] or "nothing known"),
        ("directory", residency["directory_country"] or "nothing known"),
        ("addresses", "not checked" if addresses is None else ", ".join(addresses) or "nothing known"),
        ("residency", f"{residency['mode']}: {_verdict(residency['verdict'])}"),
    ]
    if residency["mode"] == "observe" and residency["verdict"]["decision"] != "allow":
        lines.append(("", "only observed: the server passes nevertheless"))
    return lines


def _verdict(decision: Answer) -> str:
    return "allow" if decision["decision"] == "allow" else f"refuse: {_reason(decision)}"


def _reason(decision: Answer) -> str:
    return _REASONS.get(decision["reason"], str(decision["reason"]))


def _table(lines: Iterable[tuple[str, object]]) -> str:
    return "\n".join(f"{name:<13} {printable(text)}" for name, text in _rows(lines))


def _rows(lines: Iterable[tuple[str, object]]) -> Sequence[tuple[str, object]]:
    """A name that repeats stands only in its first line."""
    rows: list[tuple[str, object]] = []
    previous = None
    for name, text in lines:
        rows.append(("" if name == previous else name, text))
        previous = name
    return rows
