"""What the rules forbid, read from a room as it is afterwards: written from the specification, not from the rules.

Every function returns faults, none when all is well.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Event = Mapping[str, Any]

EPA = {"kasse.tim.test", "alte-kasse.tim.test"}
_MEGOLM = "m.megolm.v1.aes-sha2"
_FOR_MEMBERS = ("joined", "invited", "shared")
_SAFEGUARDS = (
    *("m.room.power_levels", "m.room.join_rules", "m.room.history_visibility", "m.room.encryption"),
    *("m.room.server_acl", "m.room.tombstone"),
)
ONE_EMOJI = ("👍", "👩🏽\u200d⚕\ufe0f", "1\ufe0f\u20e3")


def room_faults(state: Iterable[Event], server_name: str, may_be_in: set[str]) -> list[str]:
    """Judge a room by its state.

    Args:
        state: its state events, empty: nobody can see it.
        server_name: of the creator.
        may_be_in: user ids that may be members or invited.
    """
    events = {(event["type"], event["state_key"]): event["content"] for event in state}
    if not events:
        return []
    create = events["m.room.create", ""]
    is_public = events.get(("m.room.join_rules", ""), {}).get("join_rule") == "public"
    faults = [] if create.get("room_version") in ("9", "10") else [f"room version {create.get('room_version')}"]
    faults += _public_faults(events, server_name) if is_public else _private_faults(events, server_name)
    faults += _member_faults(events, may_be_in)
    faults += _power_faults(events.get(("m.room.power_levels", ""), {}))
    if events.get(("m.room.guest_access", ""), {}).get("guest_access", "forbidden") != "forbidden":
        faults.append("guests may enter")
    return faults


def _public_faults(events: Mapping[tuple[str, str], Any], server_name: str) -> list[str]:
    faults = ["a public room of insured persons"] if server_name in EPA else []
    if events["m.room.create", ""].get("m.federate") is not False:
        faults.append("a public room that federates")
    if ("m.room.encryption", "") in events:
        faults.append("a public room that is encrypted")
    return faults


def _private_faults(events: Mapping[tuple[str, str], Any], server_name: str) -> list[str]:
    faults = []
    if events.get(("m.room.encryption", ""), {}).get("algorithm") != _MEGOLM:
        faults.append("a private room that is not encrypted")
    if events.get(("m.room.history_visibility", ""), {}).get("history_visibility") not in _FOR_MEMBERS:
        faults.append("history for everybody, or for nobody knows whom")
    allowed = ("invite",) if server_name in EPA else ("invite", "knock", "restricted", "knock_restricted")
    if events.get(("m.room.join_rules", ""), {}).get("join_rule") not in allowed:
        faults.append("a join rule that is not allowed")
    return faults


def _member_faults(events: Mapping[tuple[str, str], Any], may_be_in: set[str]) -> list[str]:
    inside = {key for (kind, key), content in events.items() if _is_in(kind, content)}
    faults = [] if inside <= may_be_in else ["somebody is in who may not be"]
    if any(kind == "m.room.third_party_invite" and content for (kind, _), content in events.items()):
        faults.append("an invite by address")
    return faults


def _is_in(event_type: str, content: Mapping[str, Any]) -> bool:
    return event_type == "m.room.member" and content.get("membership") in ("invite", "join")


def _power_faults(levels: Mapping[str, Any]) -> list[str]:
    default, events = int(levels.get("users_default", 0)), levels.get("events", {})
    weakest = min(int(events.get(each, levels.get("state_default", 50))) for each in _SAFEGUARDS)
    return [] if weakest >= 50 and weakest > default else ["everybody may change the safeguards"]


def reaction_faults(content: Mapping[str, Any]) -> list[str]:
    """Judge a reaction that was accepted."""
    relation = content.get("m.relates_to")
    key = relation.get("key") if isinstance(relation, dict) else None
    return [] if key in ONE_EMOJI else ["a reaction that is not one emoji"]


def thread_faults(content: Mapping[str, Any]) -> list[str]:
    """Judge a message that was accepted."""
    relation = content.get("m.relates_to")
    return ["a thread"] if isinstance(relation, dict) and relation.get("rel_type") == "m.thread" else []


def lets_in(config: Any, inviter: str) -> bool | None:
    """Whether a stored permission configuration lets a professional in; None: it is unreadable."""
    if not isinstance(config, dict) or config.get("defaultSetting") not in ("allow all", "block all"):
        return None
    users, servers = config.get("userExceptions", {}), config.get("serverExceptions", {})
    if not isinstance(users, dict) or not isinstance(servers, dict):
        return None
    is_exception = inviter in users or inviter.partition(":")[2] in servers
    return bool(config["defaultSetting"] == "allow all") != is_exception
