"""The federation gate of one Synapse process: who may send us anything, and whom we may reach.

Synapse's own whitelist is the choke point; this keeps it equal to the allowed servers. Every process of a
homeserver has its own, and all follow the list that they share.
"""

import logging
from datetime import timedelta

from synapse.module_api import ModuleApi

from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.errors import InvalidName
from tim_policy.federation_list import FederationList
from tim_policy.gate import ServerFacts
from tim_policy.names import ServerName, parse_server_name
from tim_policy.registry import explain_server, judge_server
from tim_policy.rules.server_federation import REQUIREMENT
from tim_synapse.delisting import Delisting
from tim_synapse.list_store import ListStore
from tim_synapse.memory import give_back
from tim_synapse.metrics import GATE_LIST_VERSION, GATE_SERVERS
from tim_synapse.private import allow_dict, gate_agents, resume_joins
from tim_synapse.residency import Residency

logger = logging.getLogger(__name__)

_ALLOW = Allow()
_RETRY = timedelta(seconds=10)


class Gate:
    """Keeps the whitelist; answers who is allowed and why.

    Args:
        api: Synapse's module interface.
        lists: keeper of the federation list.
        residency: keeper of the evidence about countries.

    Raises:
        ConfigError: homeserver.yaml does not hand its whitelist over.
    """

    def __init__(self, api: ModuleApi, lists: ListStore, residency: Residency) -> None:
        self._api = api
        self._lists = lists
        self._residency = residency
        self._own_server = parse_server_name(api.server_name)
        self._delisting = Delisting(api)
        self._allowed = allow_dict(api)
        self._allowed[self._own_server] = True
        self._applied: FederationList | None = None
        self._is_outdated = False
        self._is_updating = False
        gate_agents(api, self._allowed)

    def start(self) -> None:
        """Follow the list and the evidence from now on."""
        self._lists.subscribe(self._changed)
        self._residency.subscribe(self._changed)
        self._changed()

    def is_allowed(self, server_name: str) -> bool:
        """Whether the transport lets the server through right now; for callers that need no reason."""
        return server_name in self._allowed

    def decide(self, server_name: str) -> Decision:
        """Judge one server.

        Args:
            server_name: as the other side wrote it. Servers are compared letter by letter, as Synapse does, so a
                spelling that is not the listed one, e.g. in upper case, is another, unknown server.

        Returns:
            Deny(INVALID_SERVER_NAME) for what cannot be the name of a server, and see the rules.
        """
        if server_name in self._allowed:
            return _ALLOW
        facts = self._facts(server_name, self._lists.current())
        return Deny(REQUIREMENT, Reason.INVALID_SERVER_NAME) if facts is None else judge_server(facts)

    async def refresh_for_unknown(self, server_name: str) -> bool:
        """Fetch the list once more for a server that is not on it (A_25537); whether the server is allowed now."""
        facts = self._facts(server_name, self._lists.current())
        if facts is None or facts.federation_list is None or facts.federation_list.is_listed(facts.server_name):
            return self.is_allowed(server_name)
        await self._lists.refresh_for_unknown(facts.server_name)
        newest = self._lists.current()
        if isinstance(judge_server(self._facts_of(facts.server_name, newest)), Allow):
            # Ahead of the update that the new list began: what waits for this answer goes on at once.
            await self._drop_queued({facts.server_name})
            if self._lists.current() is newest:
                self._allowed[facts.server_name] = True
        return self.is_allowed(server_name)

    def explain(self, server_name: str) -> tuple[tuple[str, str, Decision], ...]:
        """Requirement, rule and decision of every rule; empty for what cannot be the name of a server."""
        facts = self._facts(server_name, self._lists.current())
        return () if facts is None else explain_server(facts)

    def _facts(self, server_name: str, federation_list: FederationList | None) -> ServerFacts | None:
        try:
            name = parse_server_name(server_name)
        except InvalidName:
            return None
        if name != server_name:
            return None
        return self._facts_of(name, federation_list)

    def _facts_of(self, name: ServerName, federation_list: FederationList | None) -> ServerFacts:
        evidence = self._residency.evidence(name)
        return ServerFacts(name, self._own_server, federation_list, evidence, self._residency.is_enforced)

    def _changed(self) -> None:
        """Close at once what needs no thought; find out the rest beside the reactor thread."""
        if self._lists.current() is None:
            self._close_all()
            return
        self._is_outdated = True
        if not self._is_updating:
            self._is_updating = True
            self._api.run_as_background_process("tim_gate", self._update)

    async def _update(self) -> None:
        try:
            while self._is_outdated:
                self._is_outdated = False
                federation_list = self._lists.current()
                if federation_list is not None:
                    allowed = await self._api.defer_to_thread(self._allowed_by, federation_list)
                    if self._lists.current() is federation_list:
                        await self._apply(federation_list, allowed)
                    del allowed
                    await self._api.defer_to_thread(give_back)
        except Exception as error:  # noqa: BLE001 - whatever it is: what is not known to be allowed is refused
            self._close_all()
            logger.error("component=gate error=%s; every other server is refused", type(error).__name__)
            self._api.delayed_background_call(_RETRY / timedelta(milliseconds=1), self._changed, desc="tim_gate")
        finally:
            self._is_updating = False

    def _allowed_by(self, federation_list: FederationList) -> set[ServerName]:
        """Runs in a thread: a long list takes its time."""
        names = {self._own_server, *federation_list.server_names}
        return {name for name in names if isinstance(judge_server(self._facts_of(name, federation_list)), Allow)}

    async def _apply(self, federation_list: FederationList, allowed: set[ServerName]) -> None:
        removed, added = self._allowed.keys() - allowed, allowed - self._allowed.keys()
        self._close(removed)
        await self._drop_queued(added)
        if self._lists.current() is not federation_list:
            return
        self._allowed.update(dict.fromkeys(added, True))
        is_first, self._applied = self._applied is None, federation_list
        GATE_SERVERS.set(len(self._allowed))
        GATE_LIST_VERSION.set(federation_list.version)
        if added:
            resume_joins(self._api)
        if (is_first or removed) and self._api.should_run_background_tasks():
            await self._delisting.forget_except(federation_list.server_names)

    async def _drop_queued(self, added: set[ServerName]) -> None:
        """What was queued while a verified list did not name them is not for them.

        Servers that were on the list are left alone: they were refused for want of a list or of evidence only.
        """
        if self._applied is not None:
            await self._delisting.drop_queued(added - self._applied.server_names)

    def _close_all(self) -> None:
        """Without a list there is nobody to forget: the servers are most likely back with the next one."""
        self._close(self._allowed.keys() - {self._own_server})
        self._applied = None
        GATE_LIST_VERSION.set(0)

    def _close(self, server_names: set[str]) -> None:
        for server_name in server_names:
            self._allowed.pop(server_name, None)
        self._delisting.stop(server_names)
        GATE_SERVERS.set(len(self._allowed))
