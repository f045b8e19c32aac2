"""Every way an invite can come to be: local by anyone, admins included, at room creation, and from other servers.

| path | callback | refusal |
| --- | --- | --- |
| `/invite`, room membership API, admin API | EventJudges | 403 to the caller |
| `createRoom` | `RoomCreationCallbacks`, before the room exists | 403 or 400 to the caller |
| invite by e-mail or telephone number | user_may_send_3pid_invite, EventJudges | 403 to the caller |
| federation `/invite` | federated_user_may_invite | 403 to the other server, so to its inviter |
| invite slipped into a federation transaction | RemoteEvents | the invite stays invisible |

`user_may_invite` is not used: Synapse does not call it for server admins.
"""

from dataclasses import replace

from synapse.module_api import NOT_SPAM, EventBase, ModuleApi

from tim_policy.decision import Decision, Deny, Reason
from tim_policy.errors import InvalidName
from tim_policy.invite import InviteFacts
from tim_policy.names import UserId, parse_user_id
from tim_policy.profile import RuleSet
from tim_policy.registry import INVITE_RULES, judge
from tim_policy.rules import create_room_third_party, invite_permission
from tim_synapse.callbacks import register
from tim_synapse.event_judges import EventJudges
from tim_synapse.facts import Facts
from tim_synapse.gate import Gate
from tim_synapse.guard import Verdict, decide, raise_on_refusal, verdict_of
from tim_synapse.private_events import RoomState
from tim_synapse.remote_events import RemoteEvents
from tim_synapse.where_is import WhereIs


class InviteCallbacks:
    """Synapse's callbacks about invites.

    Args:
        facts: what is known about an invite.
        rules: in force on this homeserver.
        gate: fetches the list once more for a server that it does not name.
        where_is: asks the directory for invites that depend on it (1.1); None: there is none to ask.
    """

    def __init__(self, facts: Facts, rules: RuleSet, gate: Gate, where_is: WhereIs | None = None) -> None:
        self._where_is = where_is
        self._facts = facts
        self._rules = rules
        self._gate = gate

    def register(self, api: ModuleApi, judges: EventJudges, remote_events: RemoteEvents) -> None:
        """Hook into Synapse; the table above says which callback covers which path."""
        judges.add(self.judge_member, "m.room.member")
        judges.add(self.judge_third_party_invite, "m.room.third_party_invite")
        remote_events.judge(self.judge_remote)
        register(
            api.register_spam_checker_callbacks,
            federated_user_may_invite=self.federated_user_may_invite,
            user_may_send_3pid_invite=self.user_may_send_3pid_invite,
        )

    async def judge_member(self, event: EventBase, state: RoomState) -> None:
        """Judge an invite event that is being made on this homeserver."""
        if _is_invite(event):
            raise_on_refusal(await decide("invite", self._judge(event, state)))

    async def judge_third_party_invite(self, event: EventBase, state: RoomState) -> None:  # noqa: ARG002 - part of a judge
        """Refuse: see `user_may_send_3pid_invite`."""
        raise_on_refusal(await decide("third_party_invite", _refuse_third_party_invite()))

    async def federated_user_may_invite(self, event: EventBase) -> Verdict:
        """Judge an invite that another server offers."""
        return verdict_of(await decide("federated_invite", self._judge(event)))

    async def judge_remote(self, event: EventBase) -> Verdict:
        """Judge an invite of our user that another server sends as an ordinary event, past its `/invite`."""
        if not _is_invite(event) or not self._facts.is_own(event.state_key):
            return NOT_SPAM
        return verdict_of(await decide("federated_invite_event", self._judge(event)))

    async def user_may_send_3pid_invite(self, inviter: str, medium: str, address: str, room_id: str) -> Verdict:  # noqa: ARG002 - part of the callback
        """Refuse: the person behind an address is not known, so nobody can judge the invite."""
        return verdict_of(await decide("third_party_invite", _refuse_third_party_invite()))

    async def _judge(self, event: EventBase, state: RoomState | None = None) -> Decision:
        try:
            users: tuple[UserId, UserId] = (parse_user_id(event.sender), parse_user_id(event.state_key))
        except InvalidName:
            return Deny(create_room_third_party.REQUIREMENT, Reason.UNREADABLE_REQUEST)
        return await self.judge(*users, event.room_id, state)

    async def judge(
        self, inviter: UserId, invitee: UserId, room_id: str | None = None, state: RoomState | None = None
    ) -> Decision:
        """Judge; for a server that our user invites and the list does not name, once more with a fresh list."""
        decision = await self._judge_once(inviter, invitee, room_id, state)
        if not isinstance(decision, Deny) or decision.reason is not Reason.SERVER_NOT_LISTED:
            return decision
        if not self._facts.is_own(str(inviter)) or not await self._gate.refresh_for_unknown(invitee.server_name):
            return decision
        return await self._judge_once(inviter, invitee, room_id, state)

    async def _judge_once(
        self, inviter: UserId, invitee: UserId, room_id: str | None, state: RoomState | None
    ) -> Decision:
        facts = await self._facts.of_invite(inviter, invitee, room_id, state)
        decision = judge(INVITE_RULES, self._rules, facts)
        if self._where_is is None or not self._depends_on_directory(facts, decision):
            return decision
        whereabouts = await self._where_is.of_invite(inviter, invitee)
        if whereabouts is None:
            return decision
        # Read once more: much may have changed while the directory was asked.
        facts = await self._facts.of_invite(inviter, invitee, room_id, state)
        return judge(INVITE_RULES, self._rules, replace(facts, whereabouts=whereabouts))

    def _depends_on_directory(self, facts: InviteFacts, decision: Decision) -> bool:
        permission = self._rules.invite_permission
        return (
            isinstance(decision, Deny)
            and decision.reason is Reason.BLOCKED_BY_INVITEE
            and permission is not None
            and invite_permission.is_directory_asked(facts, permission)
        )


async def _refuse_third_party_invite() -> Decision:
    return Deny(create_room_third_party.REQUIREMENT, Reason.THIRD_PARTY_INVITE)


def _is_invite(event: EventBase) -> bool:
    return event.is_state() and event.type == "m.room.member" and event.content.get("membership") == "invite"
