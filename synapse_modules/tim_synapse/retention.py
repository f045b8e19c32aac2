"""Retention as a whole: addresses are not stored, the janitor deletes, administrators look and hold rooms."""

from synapse.module_api import ModuleApi

from tim_policy.errors import ConfigError
from tim_policy.retention_policy import Without
from tim_policy.retention_settings import retention_contradictions
from tim_synapse.audit import Audit
from tim_synapse.janitor import Janitor
from tim_synapse.list_store import ListStore
from tim_synapse.private_retention import blank_addresses, require_caches, retention_settings
from tim_synapse.retention_api import RetentionApi
from tim_synapse.retention_config import LoadedRetention, RetentionMode
from tim_synapse.retention_sweeps import SWEEPS


class Retention:
    """The part of one process.

    Args:
        api: Synapse's module interface.
        retention: the policy and how to apply it.
        lists: knows which servers are insurers.
        audit: is told what was deleted, and by whom rooms are held.

    Raises:
        RetentionNotPossible: the self-check failed.
        ConfigError: one line per setting of homeserver.yaml that contradicts the policy.
    """

    def __init__(self, api: ModuleApi, retention: LoadedRetention, lists: ListStore, audit: Audit) -> None:
        require_caches(api, {cache for sweep in SWEEPS for cache in sweep.caches})
        if retention.mode is RetentionMode.ENFORCE:
            if found := retention_contradictions(retention.policy, retention_settings(api)):
                raise ConfigError("\n".join(found))
            if retention.policy.periods.client_addresses is Without.NOT_STORED:
                blank_addresses(api)
        self._janitor = Janitor(api, retention, lists, audit)
        self._api = RetentionApi(api, retention, audit)

    def start(self) -> None:
        """Mount the API and begin; before Synapse opens its listeners."""
        self._api.register()
        self._janitor.start()
