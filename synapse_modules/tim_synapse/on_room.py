"""What happens to a room after its creation, whoever of this homeserver does it, server admins included.

| what | asked by | refusal |
| --- | --- | --- |
| state event | EventJudges | as the profile says |
| redaction of state | EventJudges | 403 |
| join of a room that is here | EventJudges | 403 |
| join of a room that is not here | `private_rooms` | 403 |
| upgrade | `private_rooms`, before the new room exists | as at room creation |
| entry of the room directory | `private_rooms`; at creation on_create_room | as the profile says |
| address | user_may_create_room_alias | 403 |

What others send is accepted and counted: a homeserver that refuses state sees another room than everybody else
(docs/adr/0003-events-of-other-servers.md).
"""

from collections.abc import Iterable

from synapse.module_api import EventBase, ModuleApi, Requester, StateMap
from synapse.types import RoomAlias

from tim_policy import registry
from tim_policy.decision import Allow, Decision, Deny
from tim_policy.event_shape import SHAPED
from tim_policy.names import parse_user_id
from tim_policy.profile import RuleSet
from tim_policy.registry import (
    ALIAS_RULES,
    JOIN_RULES,
    LISTING_RULES,
    STATE_REDACTION_RULES,
    STATE_RULES,
    explain,
    judge,
)
from tim_policy.room_access import AliasFacts, JoinFacts, ListingFacts, StateRedactionFacts
from tim_policy.room_creation import judge_upgrade, read_upgrade
from tim_policy.room_state import CREATE, ENCRYPTION, MEMBER, TAKEN_OVER, RoomFacts, StateFacts
from tim_synapse.callbacks import register
from tim_synapse.event_judges import EventJudges
from tim_synapse.guard import Verdict, decide, raise_on_refusal, verdict_of
from tim_synapse.private_events import RoomState
from tim_synapse.private_rooms import judge_listings, judge_remote_joins, judge_upgrades, membership
from tim_synapse.remote_events import RemoteEvents
from tim_synapse.room_facts import KnownState, room_facts, state_event

_JUDGED_STATE = (*SHAPED, ENCRYPTION)
"""Every type that a rule of `STATE_RULES` looks at."""


class RoomCallbacks:
    """Judges changes of rooms.

    Args:
        api: Synapse's module interface.
        rules: in force on this homeserver.
    """

    def __init__(self, api: ModuleApi, rules: RuleSet) -> None:
        self._api = api
        self._rules = rules

    def register(self, judges: EventJudges, remote_events: RemoteEvents) -> None:
        """Hook into Synapse; the table above says what for.

        Raises:
            ConfigError: this Synapse is built differently.
        """
        judges.add(self.judge_state, *_JUDGED_STATE)
        judges.add(self.judge_redaction, "m.room.redaction")
        judges.add(self.judge_join, MEMBER)
        remote_events.count(self.explain_remote)
        judge_upgrades(self._api, self.judge_upgrade)
        judge_listings(self._api, self.judge_listing)
        judge_remote_joins(self._api, self.judge_remote_join)
        register(
            self._api.register_spam_checker_callbacks,
            user_may_create_room_alias=self.user_may_create_room_alias,
        )

    async def judge_state(self, event: EventBase, state: RoomState) -> None:
        """Judge a state event of a user of ours; those of a room that is being created were judged before."""
        if event.is_state() and self._api.is_mine(event.sender):
            raise_on_refusal(await decide("state", self._judge_state(event, state)))

    async def judge_redaction(self, event: EventBase, state: RoomState) -> None:
        """Judge the redaction of what is the room's state right now."""
        if self._api.is_mine(event.sender):
            raise_on_refusal(await decide("stateRedaction", self._judge_redaction(event, state)))

    async def judge_join(self, event: EventBase, state: RoomState) -> None:
        """Judge a join of a user of ours, who may be in the room already."""
        if event.content.get("membership") == "join" and self._api.is_mine(event.state_key):
            raise_on_refusal(await decide("join", self._judge_join(event, state)))

    async def judge_remote_join(self, user_id: str, room_id: str) -> None:
        """Judge a join of a room in which nobody of this homeserver is."""
        raise_on_refusal(await decide("join", self._judge_remote_join(user_id, room_id)))

    async def judge_upgrade(self, requester: Requester, room_id: str, new_version: str) -> None:
        """Judge the room that would replace another one."""
        raise_on_refusal(await decide("upgrade", self._judge_upgrade(requester.user.to_string(), room_id, new_version)))

    async def judge_listing(self, room_id: str, visibility: str) -> None:
        """Judge a change of the room directory."""
        state = await self._api.get_room_state(room_id)
        raise_on_refusal(await decide("listing", self._judge_listing(visibility, state)))

    async def user_may_create_room_alias(self, user_id: str, room_alias: RoomAlias) -> Verdict:  # noqa: ARG002 - everybody is judged alike
        """Judge an address that a room is to get."""
        return verdict_of(await decide("alias", self._judge_alias(room_alias.localpart)))

    async def explain_remote(self, event: EventBase) -> Iterable[registry.Verdict]:
        """State of another homeserver, as if someone here had sent it; rooms that others take part in federate."""
        if event.type not in _JUDGED_STATE or not event.is_state():
            return ()
        room = RoomFacts(is_new=False, is_own=False, is_federated=True)
        return explain(STATE_RULES, self._rules, self._state_facts(event, room))

    async def _judge_state(self, event: EventBase, state: RoomState) -> Decision:
        return judge(STATE_RULES, self._rules, self._state_facts(event, await room_facts(self._api, state)))

    def _state_facts(self, event: EventBase, room: RoomFacts) -> StateFacts:
        return StateFacts(state_event(event), room, self._api.server_name)

    async def _judge_redaction(self, event: EventBase, state: RoomState) -> Decision:
        rule = self._rules.redaction_of_state
        redacted = None
        for event_type in () if rule is None else rule.protected_events:
            current = await state.get(event_type)
            if current is not None and current.event_id == event.redacts:
                redacted = event_type
        return judge(STATE_REDACTION_RULES, self._rules, StateRedactionFacts(redacted))

    async def _judge_join(self, event: EventBase, state: RoomState) -> Decision:
        create, member = await state.get(CREATE), await state.get(MEMBER, event.state_key)
        is_own_room = create is not None and self._api.is_mine(create.sender)
        if member is None:
            # The invite is offered to the user before it is part of the room's state here.
            before = await membership(self._api, str(event.state_key), event.room_id)
        else:
            before = str(member.content.get("membership"))
        return judge(JOIN_RULES, self._rules, JoinFacts(is_own_room, before))

    async def _judge_remote_join(self, user_id: str, room_id: str) -> Decision:
        facts = JoinFacts(is_own_room=False, membership=await membership(self._api, user_id, room_id))
        return judge(JOIN_RULES, self._rules, facts)

    async def _judge_upgrade(self, user_id: str, room_id: str, new_version: str) -> Decision:
        state = await self._api.get_room_state(room_id, [(event_type, "") for event_type in (CREATE, *TAKEN_OVER)])
        create = state.get((CREATE, ""))
        if create is None:
            return Allow()  # Synapse knows no such room, or nobody of ours is in it, and says so
        taken_over = [state_event(event) for event in state.values() if event.type != CREATE]
        facts = read_upgrade(new_version, dict(create.content), taken_over, parse_user_id(user_id), self._rules)
        return facts if isinstance(facts, Deny) else judge_upgrade(facts, self._rules)

    async def _judge_listing(self, visibility: str, state: StateMap[EventBase]) -> Decision:
        room = await room_facts(self._api, KnownState(state))
        return judge(LISTING_RULES, self._rules, ListingFacts(visibility, room))

    async def _judge_alias(self, alias: str) -> Decision:
        return judge(ALIAS_RULES, self._rules, AliasFacts(alias))
