"""What the transport cannot see: servers named inside events and in what users search, and refusals worth a look.

| what | callback | effect |
| --- | --- | --- |
| event of, or invite for, a refused server, by whatever way it came | RemoteEvents | redacted, never shown |
| invite into a room that a refused server created | federated_user_may_invite | 403 to the inviting server |
| joining such a room | user_may_join_room | 403 to the client |
| users of a refused server in the user directory | check_username_for_spam | hidden |
| refused request of an unknown server | private.observe_denials | counted; the list is fetched once more (A_25537) |
"""

from collections.abc import Iterable

from synapse.module_api import NOT_SPAM, EventBase, ModuleApi, UserProfile

from tim_policy.decision import Decision, Deny, Reason
from tim_policy.event_servers import judged_servers, room_creator_servers, server_of
from tim_synapse.callbacks import register
from tim_synapse.gate import Gate
from tim_synapse.guard import Verdict, decide, verdict_of
from tim_synapse.metrics import count_refused_request
from tim_synapse.private import Direction, observe_denials
from tim_synapse.remote_events import RemoteEvents
from tim_synapse.traffic import traffic_of


class FederationCallbacks:
    """Synapse's callbacks about servers.

    Args:
        api: Synapse's module interface.
        gate: judges servers.
    """

    def __init__(self, api: ModuleApi, gate: Gate) -> None:
        self._api = api
        self._gate = gate

    def register(self, remote_events: RemoteEvents) -> None:
        """Hook into Synapse; the table above says what for."""
        remote_events.judge(self.judge_remote)
        register(
            self._api.register_spam_checker_callbacks,
            federated_user_may_invite=self.federated_user_may_invite,
            user_may_join_room=self.user_may_join_room,
            check_username_for_spam=self.check_username_for_spam,
        )
        observe_denials(self.on_denied)

    async def judge_remote(self, event: EventBase) -> Verdict:
        """Refuse what a refused server says, also when an allowed one passes it on."""
        servers = judged_servers(event.type, event.sender, event.get_state_key(), event.content)
        return await self._verdict("federated_event", servers)

    async def federated_user_may_invite(self, event: EventBase) -> Verdict:
        """Refuse to be drawn into a room that a refused server created."""
        stripped_state = event.unsigned.get("invite_room_state")
        return await self._verdict("invite_room_creator", room_creator_servers(event.room_id, stripped_state))

    async def user_may_join_room(self, user_id: str, room_id: str, is_invited: bool) -> Verdict:  # noqa: ARG002 - part of the callback
        """Refuse to join a room that a refused server created; who is in already may change her name there."""
        servers = room_creator_servers(room_id, None)
        if all(self._gate.is_allowed(server) for server in servers) or await self._is_joined(user_id, room_id):
            return NOT_SPAM
        return await self._verdict("join_room_creator", servers)

    async def check_username_for_spam(self, user: UserProfile, requester_id: str) -> bool:  # noqa: ARG002 - part of the callback
        """Hide users who cannot be reached."""
        return not self._gate.is_allowed(server_of(user["user_id"]))

    def on_denied(self, direction: Direction, server_name: str | None, path: str) -> None:
        """Count a request that the transport refused; a server that only asked too early gets another look."""
        count_refused_request(direction, traffic_of(path))
        if direction != "inbound" or server_name is None:
            return
        decision = self._gate.decide(server_name)
        if isinstance(decision, Deny) and decision.reason is Reason.SERVER_NOT_LISTED:
            self._api.run_as_background_process("tim_unknown_server", self._gate.refresh_for_unknown, server_name)

    async def _is_joined(self, user_id: str, room_id: str) -> bool:
        state = await self._api.get_room_state(room_id, [("m.room.member", user_id)])
        member = state.get(("m.room.member", user_id))
        return member is not None and member.content.get("membership") == "join"

    async def _verdict(self, action: str, servers: Iterable[str]) -> Verdict:
        """Allowed servers cost one look-up each: this runs for every event."""
        for server in servers:
            if not self._gate.is_allowed(server):
                decision = await decide(action, self._judge(server))
                if isinstance(decision, Deny):
                    return verdict_of(decision)
        return NOT_SPAM

    async def _judge(self, server: str) -> Decision:
        return self._gate.decide(server)
