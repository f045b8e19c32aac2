"""A chatbot stays recognisable: its name keeps the suffix, whoever changes it (gematik's guide)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.endpoint import Endpoint
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.request import RequestFacts

REQUIREMENT = "REF_CHATBOT_NAME"
_FIELD = "displayname"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        suffix: at the end of a chatbot's name.
    """

    suffix: str


def decide(facts: RequestFacts, parameters: Parameters) -> Decision:
    """A name that ends with the suffix is replaced by one that does, by admins too.

    Returns:
        Deny(CHATBOT_SUFFIX).
    """
    if facts.display_name is None or not facts.display_name.endswith(parameters.suffix):
        return Allow()
    name = _new_name(facts)
    if name is None or name.endswith(parameters.suffix):
        return Allow()
    return Deny(REQUIREMENT, Reason.CHATBOT_SUFFIX)


def _new_name(facts: RequestFacts) -> str | None:
    """The name that the request gives; empty when it takes the name away, None when it leaves it."""
    if facts.endpoint is Endpoint.DISPLAY_NAME and facts.method == "DELETE":
        return ""
    if facts.endpoint not in (Endpoint.DISPLAY_NAME, Endpoint.ADMIN_USER) or facts.method != "PUT":
        return None
    if facts.body is None or _FIELD not in facts.body:
        return None
    name = facts.body[_FIELD]
    return name.rstrip() if isinstance(name, str) else ""
