"""A reaction is exactly one emoji, skin tones, variation selectors and sequences counted as one (A_26228-01)."""

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.event import REACTION, EventFacts, UnreadableRelation, reaction_key, relation_of
from tim_policy.parameters import Parameters as _Parameters

REQUIREMENT = "A_26228-01"
_ANNOTATION = "m.annotation"


class Parameters(_Parameters):
    """Nothing to set but the refusal."""


def decide(facts: EventFacts, parameters: Parameters) -> Decision:  # noqa: ARG001 - every rule takes its own
    """A reaction says what it annotates, and its key is one emoji.

    Returns:
        Deny(UNREADABLE_REQUEST) without the relation that makes a reaction (Matrix specification, "Event annotations").
        Deny(NOT_ONE_EMOJI) for any other key.
    """
    if facts.event_type != REACTION:
        return Allow()
    try:
        relation = relation_of(facts.content)
    except UnreadableRelation:
        return Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
    is_reaction = relation.get("rel_type") == _ANNOTATION and isinstance(relation.get("event_id"), str)
    if not is_reaction or reaction_key(facts.content) is None:
        return Deny(REQUIREMENT, Reason.UNREADABLE_REQUEST)
    return Allow() if facts.is_one_emoji else Deny(REQUIREMENT, Reason.NOT_ONE_EMOJI)
