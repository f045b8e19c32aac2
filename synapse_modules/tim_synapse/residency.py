"""What this homeserver knows about where other servers are; every process answers from memory."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from synapse.module_api import ModuleApi

from tim_policy.decision import Deny, Reason
from tim_policy.names import ServerName
from tim_policy.residency import ResidencyEvidence, judge_residency
from tim_synapse.address_checks import AddressChecks
from tim_synapse.list_store import ListStore
from tim_synapse.metrics import LISTED_BY_RESIDENCY
from tim_synapse.name_resolution import resolve
from tim_synapse.private import refuse_addresses
from tim_synapse.residency_config import LoadedResidency, ResidencyMode

_RELOAD = timedelta(minutes=1)
_ALLOWED = "allowed"


class Residency:
    """Evidence about other servers.

    Args:
        api: Synapse's module interface.
        loaded: the configured block; None: there is none, and the condition is off.
        lists: keeper of the federation list; says which organisation a server belongs to.

    Raises:
        ConfigError: connections cannot be checked in this Synapse.
    """

    def __init__(self, api: ModuleApi, loaded: LoadedResidency | None, lists: ListStore) -> None:
        self._api = api
        self._loaded = loaded
        self._lists = lists
        self._subscribers: list[Callable[[], None]] = []
        self._checks: AddressChecks | None = None
        if loaded is not None and loaded.addresses is not None:
            interval = loaded.config.address_interval
            self._checks = AddressChecks(api, lists, loaded.addresses, interval, resolve, self._changed)
            refuse_addresses(api, self.is_address_refused)

    @property
    def mode(self) -> ResidencyMode | None:
        """Whether refusals close the gate; None when the condition is off."""
        return None if self._loaded is None else self._loaded.config.mode

    @property
    def is_enforced(self) -> bool:
        """Whether a refusal closes the gate."""
        return self.mode is ResidencyMode.ENFORCE

    def start(self) -> None:
        """Begin to check addresses, to read changed files again and to count."""
        if self._loaded is not None:
            self._lists.subscribe(self._recount)
        if self._loaded is not None and self._loaded.directory is not None:
            self._schedule_reload()
        if self._checks is not None:
            self._checks.start()

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Have `callback` called on the reactor thread after evidence changed."""
        self._subscribers.append(callback)

    def evidence(self, server_name: ServerName) -> ResidencyEvidence | None:
        """What is known about a server; None when the condition is off. Never waits."""
        if self._loaded is None:
            return None
        return ResidencyEvidence(
            self._loaded.policy,
            self._loaded.config.countries.get(server_name),
            self._directory_country(server_name),
            None if self._checks is None else self._checks.countries(server_name),
        )

    def verdicts(self) -> Mapping[str, int]:
        """How many listed servers get which verdict; in observe mode, what enforcing would refuse.

        Takes its time for a long list: for a thread other than the reactor's.

        Returns:
            Counts by `allowed` and reasons; empty when the condition is off.
        """
        current = self._lists.current()
        evidence = (self.evidence(name) for name in (current.server_names if current is not None else ()))
        verdicts = (judge_residency(found) for found in evidence if found is not None)
        return Counter(verdict.reason.value if isinstance(verdict, Deny) else _ALLOWED for verdict in verdicts)

    def is_address_refused(self, address: str) -> bool:
        """Whether a connection to this address must not be made: its country is known and not allowed.

        An address nothing is known about is left to the decision about the server name.
        """
        if self._loaded is None or self._loaded.addresses is None or not self.is_enforced:
            return False
        countries = self._loaded.addresses.countries((address,))
        return bool(countries) and isinstance(
            judge_residency(ResidencyEvidence(self._loaded.policy, address_countries=countries)), Deny
        )

    def _directory_country(self, server_name: ServerName) -> str | None:
        if self._loaded is None or self._loaded.directory is None:
            return None
        current = self._lists.current()
        listed = current.get(server_name) if current is not None else None
        return None if listed is None else self._loaded.directory.country(listed.telematik_id)

    def _changed(self) -> None:
        for callback in self._subscribers:
            callback()
        self._recount()

    def _recount(self) -> None:
        self._api.run_as_background_process("tim_residency_count", self._count)

    async def _count(self) -> None:
        verdicts = await self._api.defer_to_thread(self.verdicts)
        for verdict in (_ALLOWED, Reason.SERVER_OUTSIDE_REGION.value, Reason.SERVER_REGION_UNKNOWN.value):
            LISTED_BY_RESIDENCY.labels(verdict).set(verdicts.get(verdict, 0))

    def _schedule_reload(self) -> None:
        self._api.delayed_background_call(_RELOAD / timedelta(milliseconds=1), self._reload, desc="tim_residency")

    async def _reload(self) -> None:
        if self._loaded is not None and self._loaded.directory is not None:
            await self._api.defer_to_thread(self._loaded.directory.reload)
            self._changed()
        self._schedule_reload()
