"""Refuses to start a homeserver whose settings contradict the rules in force."""

from synapse.module_api import ModuleApi

from tim_policy.errors import ConfigError
from tim_policy.homeserver_settings import contradictions
from tim_policy.profile import Profile
from tim_synapse.private_settings import synapse_settings


def check_settings(api: ModuleApi, profile: Profile) -> None:
    """Compare homeserver.yaml with `tim_policy.homeserver_settings`.

    Raises:
        ConfigError: one line per contradiction.
    """
    if found := contradictions(profile, synapse_settings(api)):
        raise ConfigError("\n".join(found))
