"""What was said stays said: events are redacted within a day, by nobody later (A_28358).

Moderators and server admins are not exempt. Which point in time counts: docs/adr/0020-redaction-age.md.
"""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.event import REDACTION, EventFacts
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter
from tim_policy.units import Duration

REQUIREMENT = "A_28358"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        max_age: of an event that is redacted.
    """

    max_age: Annotated[Duration, Stricter.LOWER]


def decide(facts: EventFacts, parameters: Parameters) -> Decision:
    """The event that is to be redacted is known and young enough; exactly `max_age` is still young enough.

    Returns:
        Deny(UNREADABLE_REQUEST) when the redaction does not say what it redacts.
        Deny(UNKNOWN_EVENT) for an event that this homeserver does not have: its age is not known.
        Deny(TOO_OLD_TO_REDACT).
    """
    if facts.event_type != REDACTION:
        return Allow()
    if not isinstance(facts.redacts, str):
        return Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
    if facts.redacted_age is None:
        return Deny(REQUIREMENT, Reason.UNKNOWN_EVENT)
    if facts.redacted_age > parameters.max_age:
        return Deny(REQUIREMENT, Reason.TOO_OLD_TO_REDACT)
    return Allow()
