"""Reads Synapse's own settings, defaults included: read at 1.163.2.

`tim_synapse.private` says what this file may do and why. A setting that cannot be read keeps Synapse from starting.
"""
# ruff: noqa: SLF001 - this file exists to keep these accesses in one place

from collections.abc import Callable, Mapping
from typing import Any

from synapse.module_api import ModuleApi

from tim_policy.errors import ConfigError

_READERS: Mapping[str, Callable[[Any], Any]] = {
    "allow_guest_access": lambda config: config.registration.allow_guest_access,
    "login_via_existing_session.enabled": lambda config: config.auth.login_via_existing_enabled,
    "require_auth_for_profile_requests": lambda config: config.server.require_auth_for_profile_requests,
    "limit_profile_requests_to_users_who_share_rooms": lambda config: (
        config.server.limit_profile_requests_to_users_who_share_rooms
    ),
    "user_directory.search_all_users": lambda config: config.userdirectory.user_directory_search_all_users,
    "allow_public_rooms_without_auth": lambda config: config.server.allow_public_rooms_without_auth,
    "allow_public_rooms_over_federation": lambda config: config.server.allow_public_rooms_over_federation,
    "url_preview_enabled": lambda config: config.media.url_preview_enabled,
    "enable_set_displayname": lambda config: config.registration.enable_set_displayname,
    "allow_per_room_profiles": lambda config: config.server.allow_per_room_profiles,
    "default_room_version": lambda config: config.server.default_room_version.identifier,
    "forget_rooms_on_leave": lambda config: config.room.forget_on_leave,
    "experimental_features.msc3814_enabled": lambda config: config.experimental.msc3814_enabled,
    "experimental_features.msc4169_enabled": lambda config: config.experimental.msc4169_enabled,
}


def synapse_settings(api: ModuleApi) -> dict[str, Any]:
    """Value by key of homeserver.yaml, for every setting that may be required.

    Raises:
        ConfigError: this Synapse keeps one of them somewhere else; it is not started.
    """
    return read_settings(api, _READERS)


def read_settings(api: ModuleApi, readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Value by key of homeserver.yaml.

    Args:
        api: Synapse's module interface.
        readers: by key, what takes the value from Synapse's configuration.

    Raises:
        ConfigError: this Synapse keeps one of them somewhere else; it is not started.
    """
    config = api._hs.config
    try:
        return {key: read(config) for key, read in readers.items()}
    except AttributeError as error:
        raise ConfigError(f"this Synapse does not know the setting {error.name}; use a tested version") from None
