"""S1: both servers of an invite belong to the federation (A_25534, AF_10064-02)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteFacts
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "A_25534"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: InviteFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Inviter and invitee are each on the own server or on a listed one.

    Returns:
        Deny(NO_VERIFIED_LIST) for any foreign server without a list: missing proof is not membership.
        Deny(SERVER_NOT_LISTED) when one of the servers is foreign and not listed.
    """
    foreign = {facts.inviter.server_name, facts.invitee.server_name} - {facts.own_server}
    if not foreign:
        return Allow()
    if facts.federation_list is None:
        return Deny(REQUIREMENT, Reason.NO_VERIFIED_LIST)
    if all(facts.federation_list.is_listed(server_name) for server_name in foreign):
        return Allow()
    return Deny(REQUIREMENT, Reason.SERVER_NOT_LISTED)
