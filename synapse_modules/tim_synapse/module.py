"""The module Synapse loads: checks its configuration, starts the list, hooks the rules in."""

from typing import Any

from synapse.module_api import ModuleApi
from synapse.module_api.errors import ConfigError as SynapseConfigError

from tim_policy.errors import ConfigError
from tim_policy.settings import load_settings
from tim_synapse.config import ModuleConfig
from tim_synapse.facts import Facts
from tim_synapse.list_store import ListStore, load_trust
from tim_synapse.on_invite import InviteCallbacks


class TimModule:
    """TI-M rules of one homeserver process; every worker has its own.

    Args:
        config: what `parse_config` returned.
        api: Synapse's module interface.
    """

    def __init__(self, config: ModuleConfig, api: ModuleApi) -> None:
        try:
            trust = load_trust(config.federation_list)
        except ConfigError as error:
            raise SynapseConfigError(f"tim_synapse: {error}") from None
        lists = ListStore(api, config.federation_list, trust)
        InviteCallbacks(Facts(api, config, lists)).register(api)
        lists.start()

    @staticmethod
    def parse_config(config: dict[str, Any]) -> ModuleConfig:
        """Check the `config:` block; Synapse calls this while it reads homeserver.yaml.

        Raises:
            SynapseConfigError: one line per fault; Synapse then refuses to start.
        """
        try:
            return load_settings(ModuleConfig, config, "tim_synapse")
        except ConfigError as error:
            raise SynapseConfigError(str(error)) from None
