"""From the `source:` of the configuration to the source itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from synapse.module_api import ModuleApi

from tim_policy.errors import ConfigError
from tim_synapse.list_config import FederationListConfig, ListSource
from tim_synapse.list_source import Source
from tim_synapse.list_source_file import FileSource
from tim_synapse.list_source_url import UrlSource
from tim_synapse.list_source_vzd import VzdSource
from tim_synapse.list_trust import read_file
from tim_synapse.tls_policy import TlsPolicy, agent_for, load_tls_policy
from tim_synapse.vzd_tokens import ProviderTokens


@dataclass(frozen=True, slots=True)
class LoadedSource:
    """What the files of the source hold; None where none is named."""

    tls: TlsPolicy | None = None
    client_secret: str | None = None


def load_source(config: ListSource) -> LoadedSource:
    """Read certificates and secret, so that a fault shows before Synapse starts.

    Raises:
        ConfigError: names key and file.
    """
    if config.vzd is not None:
        secret = read_file("source.vzd.client_secret_file", config.vzd.client_secret_file, parse_secret)
        return LoadedSource(load_tls_policy(config.vzd, "source.vzd"), secret)
    if config.url is not None:
        return LoadedSource(load_tls_policy(config.url, "source.url"))
    return LoadedSource()


def load_where_is(config: FederationListConfig) -> LoadedSource:
    """As `load_source`, of the VZD that is asked where users are listed; empty when none is named.

    Raises:
        ConfigError: names key and file.
    """
    if config.where_is is None:
        return load_source(config.source) if config.source.vzd is not None else LoadedSource()
    secret = read_file("where_is.client_secret_file", config.where_is.client_secret_file, parse_secret)
    return LoadedSource(load_tls_policy(config.where_is, "where_is"), secret)


def open_source(api: ModuleApi, config: ListSource, loaded: LoadedSource, now: Callable[[], datetime]) -> Source:
    """The configured source; connects when it is asked."""
    http: Any = api.http_client
    agent = agent_for(loaded.tls, http.reactor, http.agent)
    if config.vzd is not None:
        vzd = config.vzd
        secret = loaded.client_secret or ""
        tokens = ProviderTokens(vzd.directory, vzd.auth, vzd.client_id, secret, agent, http.reactor, now)
        return VzdSource(vzd.directory, tokens, agent, http.reactor, now)
    if config.url is not None:
        return UrlSource(config.url.address, agent, http.reactor, now)
    if config.file is not None:
        return FileSource(config.file, now, api.defer_to_thread)
    raise ConfigError("tim_synapse: federation_list.source: give exactly one of 'vzd', 'url' and 'file'")


def parse_secret(data: bytes) -> str:
    """The secret in a file.

    Raises:
        ConfigError: there is none.
    """
    try:
        secret = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret:
        raise ConfigError("holds no secret (expected: UTF-8 text)")
    return secret
