"""The federation gate: traffic passes to and from servers of the federation only (A_25534, A_25632)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.gate import ServerFacts

REQUIREMENT = "A_25534"


def decide(facts: ServerFacts) -> Decision:
    """The server is the own one or on the list.

    Returns:
        Deny(NO_VERIFIED_LIST) without a list: missing proof is not membership.
        Deny(SERVER_NOT_LISTED) for a server that is not on it.
    """
    if facts.server_name == facts.own_server:
        return Allow()
    if facts.federation_list is None:
        return Deny(REQUIREMENT, Reason.NO_VERIFIED_LIST)
    if facts.federation_list.is_listed(facts.server_name):
        return Allow()
    return Deny(REQUIREMENT, Reason.SERVER_NOT_LISTED)
