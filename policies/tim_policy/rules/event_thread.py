"""Threads are not offered: no event relates to another one as its thread (A_25395-02).

Encrypted events carry their relation in clear text, so they are judged too.
"""

from typing import Annotated

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.event import EventFacts, UnreadableRelation, relation_of
from tim_policy.parameters import Parameters as _Parameters
from tim_policy.parameters import Stricter

REQUIREMENT = "A_25395-02"


class Parameters(_Parameters):
    """The numbers of the rule.

    Args:
        relation_types: that make a thread; beside the specified one those of clients that are older than it.
    """

    relation_types: Annotated[tuple[str, ...], Stricter.SUPERSET]


def decide(facts: EventFacts, parameters: Parameters) -> Decision:
    """The event is in no thread.

    Returns:
        Deny(UNREADABLE_REQUEST) for a relation that cannot be read: nobody can tell that it is none.
        Deny(THREAD).
    """
    try:
        relation = relation_of(facts.content)
    except UnreadableRelation:
        return Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
    if relation.get("rel_type") in parameters.relation_types:
        return Deny(REQUIREMENT, Reason.THREAD)
    return Allow()
