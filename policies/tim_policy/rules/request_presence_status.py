"""What people write beside their presence is short (reference implementation: 250 characters)."""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.request import RequestFacts

REQUIREMENT = "REF_PRESENCE_STATUS"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        max_characters: Unicode code points.
    """

    max_characters: Annotated[int, Stricter.LOWER]


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:
    """The status is a text of at most that length, or is not there.

    Returns:
        Deny(UNREADABLE_REQUEST) when it is no text.
        Deny(STATUS_TOO_LONG).
    """
    if facts.endpoint is not Endpoint.PRESENCE or facts.body is None:
        return Allow()
    status = facts.body.get("status_msg", "")
    if not isinstance(status, str):
        return Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
    if len(status) > parameters.max_characters:
        return Deny(REQUIREMENT, Reason.STATUS_TOO_LONG)
    return Allow()
