"""The module Synapse loads: checks its configuration, starts the list, hooks the rules in."""

from dataclasses import dataclass
from typing import Any

from synapse.module_api import ModuleApi
from synapse.module_api.errors import ConfigError as SynapseConfigError

from tim_policy.errors import ConfigError
from tim_policy.federation_trust import ListTrust
from tim_policy.settings import load_settings
from tim_synapse.config import ModuleConfig
from tim_synapse.facts import Facts
from tim_synapse.list_store import ListStore, load_trust
from tim_synapse.on_invite import InviteCallbacks


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The checked block and the certificates it names."""

    config: ModuleConfig
    trust: ListTrust


class TimModule:
    """TI-M rules of one homeserver process; every worker has its own.

    Args:
        loaded: what `parse_config` returned.
        api: Synapse's module interface.
    """

    def __init__(self, loaded: LoadedConfig, api: ModuleApi) -> None:
        lists = ListStore(api, loaded.config.federation_list, loaded.trust)
        InviteCallbacks(Facts(api, loaded.config, lists)).register(api)
        lists.start()

    @staticmethod
    def parse_config(config: dict[str, Any]) -> LoadedConfig:
        """Check the `config:` block and read the certificates; Synapse calls this while it reads homeserver.yaml.

        Raises:
            SynapseConfigError: one line per fault; Synapse then refuses to start.
        """
        try:
            checked = load_settings(ModuleConfig, config, "tim_synapse")
            return LoadedConfig(checked, load_trust(checked.federation_list))
        except ConfigError as error:
            raise SynapseConfigError(str(error)) from None
