"""Room creation: what a client asks for is read, completed and judged as a whole before anything of the room exists.

Synapse calls `on_create_room` for everybody, server admins, its own notices and other modules included, and creates
the room from the body that this callback leaves behind.
"""

from typing import Any

from synapse.module_api import ModuleApi, Requester

from tim_policy.decision import Allow, Decision, Deny
from tim_policy.names import parse_user_id
from tim_policy.profile import RuleSet
from tim_policy.room_creation import judge_create_room, read_create_room
from tim_synapse.callbacks import register
from tim_synapse.guard import decide, raise_on_refusal
from tim_synapse.on_invite import InviteCallbacks


class RoomCreationCallbacks:
    """Synapse's callback about room creation.

    Args:
        rules: in force on this homeserver.
        invites: judges invitees.
    """

    def __init__(self, rules: RuleSet, invites: InviteCallbacks) -> None:
        self._rules = rules
        self._invites = invites

    def register(self, api: ModuleApi) -> None:
        """Hook into Synapse."""
        register(api.register_third_party_rules_callbacks, on_create_room=self.on_create_room)

    async def on_create_room(self, requester: Requester, request: dict[str, Any], is_requester_admin: bool) -> None:  # noqa: ARG002 - admins are judged like everybody
        """Refuse the room, or turn the request into the room that the profile wants."""
        raise_on_refusal(await decide("createRoom", self._judge(requester.user.to_string(), request)))

    async def _judge(self, creator: str, request: dict[str, Any]) -> Decision:
        facts = read_create_room(request, parse_user_id(creator), self._rules)
        decision: Decision = facts if isinstance(facts, Deny) else judge_create_room(facts, self._rules)
        if isinstance(facts, Deny) or isinstance(decision, Deny):
            return decision
        for invitee in facts.request.invitees:
            decision = await self._invites.judge(facts.request.creator, invitee)
            if isinstance(decision, Deny):
                return decision
        request.update(facts.plan.body)
        return Allow()
