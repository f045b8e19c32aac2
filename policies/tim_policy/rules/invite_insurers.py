"""An operator's own refusal: no invites from or to insurers' servers (NO_INSURERS).

No profile has it in force; `rules: {invite_insurers: {}}` in the module's configuration does.
"""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.invite import InviteFacts
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "NO_INSURERS"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: InviteFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """Neither side is on another server that belongs to an insurer.

    Returns:
        Deny(INSURERS_REFUSED).
    """
    foreign = {facts.inviter.server_name, facts.invitee.server_name} - {facts.own_server}
    if any(facts.is_insurer(server_name) for server_name in foreign):
        return Deny(REQUIREMENT, Reason.INSURERS_REFUSED)
    return Allow()
