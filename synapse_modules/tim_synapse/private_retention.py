"""What retention needs of Synapse beyond its ModuleApi: read at 1.163.2, tried at every start.

Addresses are blanked where Synapse is about to store them, since nothing that is stored can be unsaid in a backup.
"""
# ruff: noqa: SLF001 - this file exists to keep these accesses in one place

import inspect
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any

from synapse.module_api import ModuleApi
from synapse.storage.database import LoggingTransaction

from tim_policy.errors import TimError
from tim_synapse.private_settings import read_settings

_WRITERS = {
    "insert_client_ip": ["user_id", "access_token", "ip", "user_agent", "device_id", "now"],
    "add_user_agent_ip_to_ui_auth_session": ["session_id", "user_agent", "ip"],
}
_BLANK = ("ip", "user_agent")


class RetentionNotPossible(TimError):
    """This Synapse stores or caches in a way this release does not know."""


def blank_addresses(api: ModuleApi) -> None:
    """Have Synapse store an empty text in the place of every client address and user agent.

    Raises:
        RetentionNotPossible: the two methods that store them are not what they were.
    """
    store = api._store
    for name, expected in _WRITERS.items():
        method = getattr(store, name, None)
        if method is None or list(inspect.signature(method).parameters) != expected:
            raise _not_possible(f"addresses of clients are not stored by {name} as known")
        setattr(store, name, _blanking(method))


def _blanking(method: Any) -> Any:
    signature = inspect.signature(method)

    @wraps(method)
    async def blank(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.arguments.update(dict.fromkeys(_BLANK, ""))
        return await method(*bound.args, **bound.kwargs)

    return blank


def require_caches(api: ModuleApi, names: Collection[str]) -> None:
    """Check that each cache is there, and can be emptied in all processes.

    Raises:
        RetentionNotPossible: names the first one that is not.
    """
    if not hasattr(api._store, "_invalidate_all_cache_and_stream"):
        raise _not_possible("caches cannot be emptied")
    for name in names:
        if not hasattr(getattr(api._store, name, None), "invalidate_all"):
            raise _not_possible(f"there is no cache {name}")


def empty_caches(api: ModuleApi, txn: LoggingTransaction, names: Collection[str]) -> None:
    """Empty caches in all processes once the transaction is committed."""
    for name in names:
        api._store._invalidate_all_cache_and_stream(txn, getattr(api._store, name))


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "presence.enabled": lambda config: config.server.track_presence,
    "stats.enabled": lambda config: config.stats.stats_enabled,
    "limit_usage_by_mau": lambda config: config.server.limit_usage_by_mau,
    "mau_stats_only": lambda config: config.server.mau_stats_only,
    "user_ips_max_age": lambda config: _lifetime(config.server.user_ips_max_age),
    "redaction_retention_period": lambda config: _lifetime(config.server.redaction_retention_period),
}
_MEDIA_READERS: Mapping[str, Callable[[Any], Any]] = {
    "url_preview_enabled": lambda config: config.media.url_preview_enabled,
    "media_retention.local_media_lifetime": lambda config: _lifetime(
        config.media.media_retention_local_media_lifetime_ms
    ),
    "media_retention.remote_media_lifetime": lambda config: _lifetime(
        config.media.media_retention_remote_media_lifetime_ms
    ),
}


def retention_settings(api: ModuleApi) -> dict[str, Any]:
    """Synapse's value for each of `RETENTION_SETTINGS`, defaults included.

    Without those of media where this process does not serve media: Synapse reads them where it does (and deletes).

    Raises:
        ConfigError: this Synapse keeps one of them somewhere else.
    """
    is_media_here = read_settings(api, {"media": lambda config: config.media.can_load_media_repo})["media"]
    return read_settings(api, {**_READERS, **_MEDIA_READERS} if is_media_here else _READERS)


def _lifetime(milliseconds: int | None) -> timedelta | None:
    return None if milliseconds is None else timedelta(milliseconds=milliseconds)


def _not_possible(what: str) -> RetentionNotPossible:
    return RetentionNotPossible(
        f"tim_synapse: self-check of retention: {what}; run a release of Synapse that this release of tim_synapse "
        "names as tested, or remove the retention block"
    )
