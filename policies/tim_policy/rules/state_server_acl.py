"""A room's list of servers does not lock its own people out (Matrix specification, m.room.server_acl)."""

from fnmatch import fnmatchcase

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.room_state import SERVER_ACL, StateFacts

REQUIREMENT = "A_25641-01"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: StateFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Deny(SERVER_ACL) when the list does not let the own server in; without `allow` it lets nobody in."""
    if not facts.is_setting(SERVER_ACL):
        return Allow()
    content = facts.event.content
    own = facts.own_server.rpartition(":")[0] if _has_port(facts.own_server) else facts.own_server
    if _matches(own, content.get("allow")) and not _matches(own, content.get("deny")):
        return Allow()
    return Deny(REQUIREMENT, Reason.SERVER_ACL)


def _has_port(server_name: str) -> bool:
    return server_name.rpartition(":")[2].isdigit() and not server_name.endswith("]")


def _matches(server_name: str, patterns: object) -> bool:
    """By `*` and `?`; brackets, which mean something to `fnmatch` and nothing to Matrix, stand for themselves."""
    texts = [pattern for pattern in patterns if isinstance(pattern, str)] if isinstance(patterns, list | tuple) else []
    return any(fnmatchcase(server_name.lower(), pattern.lower().replace("[", "[[]")) for pattern in texts)
