"""What people of this homeserver may send, by whatever endpoint, and what others send in spite of the rules.

| event | callback | effect |
| --- | --- | --- |
| of an own user, admins included | EventJudges, before it exists | refused to the client |
| of another homeserver | RemoteEvents | accepted and counted: docs/adr/0003-events-of-other-servers.md |
"""

from collections.abc import Iterable
from datetime import timedelta

from synapse.module_api import EventBase, ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy import registry
from tim_policy.decision import Decision
from tim_policy.event import REACTION, REDACTION, RELATION, EventFacts, age_of, reaction_key
from tim_policy.profile import RuleSet
from tim_policy.registry import EVENT_RULES, explain, judge
from tim_synapse.event_judges import EventJudges
from tim_synapse.guard import decide, raise_on_refusal
from tim_synapse.private_events import RoomState
from tim_synapse.reaction_emoji import is_one_emoji
from tim_synapse.remote_events import RemoteEvents

_JUDGED_TYPES = frozenset({REACTION, REDACTION})


class EventCallbacks:
    """Synapse's callbacks about events that are no invites.

    Args:
        api: Synapse's module interface.
        rules: in force on this homeserver.
    """

    def __init__(self, api: ModuleApi, rules: RuleSet) -> None:
        self._api = api
        self._rules = rules

    def register(self, judges: EventJudges, remote_events: RemoteEvents) -> None:
        """Hook into Synapse; the table above says what for."""
        judges.add_if(self._is_judged, self.judge)
        remote_events.count(self.explain_remote)

    async def judge(self, event: EventBase, state: RoomState) -> None:  # noqa: ARG002 - part of a judge
        """Judge an event that is being made here."""
        raise_on_refusal(await decide("event", self._judge(event)))

    async def explain_remote(self, event: EventBase) -> Iterable[registry.Verdict]:
        """What another homeserver should not have sent."""
        return explain(EVENT_RULES, self._rules, await self._facts(event)) if _is_concerned(event) else ()

    def _is_judged(self, event: EventBase) -> bool:
        """One that is made for another homeserver's user is judged there."""
        return _is_concerned(event) and self._api.is_mine(event.sender)

    async def _judge(self, event: EventBase) -> Decision:
        return judge(EVENT_RULES, self._rules, await self._facts(event))

    async def _facts(self, event: EventBase) -> EventFacts:
        if event.type == REACTION:
            key = reaction_key(event.content)
            return EventFacts(event.type, event.content, is_one_emoji=key is not None and is_one_emoji(key))
        if event.type == REDACTION:
            redacts = event.redacts
            return EventFacts(event.type, event.content, redacts=redacts, redacted_age=await self._age(redacts))
        return EventFacts(event.type, event.content)

    async def _age(self, event_id: object) -> timedelta | None:
        """See `EventFacts.redacted_age`; rooms are not compared, since Synapse refuses redactions across rooms."""
        if self._rules.event_redaction_age is None or not isinstance(event_id, str):
            return None
        found = await self._api.run_db_interaction("tim_event_times", _times, event_id)
        if found is None:
            return None
        sender, received_ms, said_ms = found
        is_own = self._api.is_mine(sender)
        return age_of(self._api.get_current_time_msec(), received_ms, None if is_own else said_ms)


def _is_concerned(event: EventBase) -> bool:
    """Whether a rule can object at all: most events are neither of the two, nor related to another one."""
    return event.type in _JUDGED_TYPES or RELATION in event.content


def _times(txn: LoggingTransaction, event_id: str) -> tuple[str, int, int] | None:
    """Sender of an event, when this homeserver took it, and when it says that it was sent; times in ms since 1970."""
    txn.execute("SELECT sender, received_ts, origin_server_ts FROM events WHERE event_id = ?", (event_id,))
    return txn.fetchone()
