"""Writes the configuration of one stock Synapse on loopback, and says how to run it."""

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from signedjson.key import generate_signing_key, write_signing_keys

from tim_policy.homeserver_settings import nested, settings_for
from tim_policy.profile import ProfileName, shipped_profile, with_changes
from tim_sandbox.state import write_secret

_HOST = "127.0.0.1"
_CONFIG_FILE = "homeserver.yaml"
_TIM_MODULE = "tim_synapse.TimModule"
_UNLIMITED = {"per_second": 100_000, "burst_count": 100_000}


@dataclass(frozen=True, slots=True)
class HomeserverSpec:
    """One homeserver to write.

    Args:
        server_name: the domain of its users.
        directory: its own; holds configuration, keys, database and media.
        client_port: loopback, without TLS.
        federation_port: loopback, TLS with `tls.crt` and `tls.key` of `directory`.
        proxy_port: of the CONNECT proxy that knows the other homeservers.
        tls_ca_file: PEM of the CA that all homeservers trust.
        registration_shared_secret: for the admin API that creates users.
        modules: entries of Synapse's `modules`.
        extra: replaces top-level settings (for tests).
    """

    server_name: str
    directory: Path
    client_port: int
    federation_port: int
    proxy_port: int
    tls_ca_file: Path
    registration_shared_secret: str
    modules: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


def write_homeserver(spec: HomeserverSpec) -> Path:
    """Write `homeserver.yaml`, the log configuration and, the first time, the signing key; return the former."""
    spec.directory.mkdir(parents=True, exist_ok=True)
    _keep_or_make(spec.directory / "macaroon_secret.txt")
    _keep_or_make(spec.directory / "form_secret.txt")
    signing_key = spec.directory / "signing.key"
    if not signing_key.exists():
        signing_key.touch(mode=0o600)
        with signing_key.open("w", encoding="ascii") as file:
            write_signing_keys(file, [generate_signing_key("a_" + secrets.token_hex(2))])
    (spec.directory / "log.yaml").write_text(yaml.safe_dump(_log_config()), encoding="utf-8")
    config = spec.directory / _CONFIG_FILE
    write_secret(config, yaml.safe_dump({**_settings(spec), **spec.extra}, sort_keys=False))
    return config


def homeserver_command(config: Path) -> list[str]:
    """The command that runs the homeserver."""
    return [sys.executable, "-m", "synapse.app.homeserver", "-c", str(config)]


def tim_module(
    vzd_url: str,
    pki_directory: Path,
    countries: Mapping[str, str] | None = None,
    profile: str = "pro-basis-1.2",
    rules: Mapping[str, Any] | None = None,
    provider: tuple[str, Path] | None = None,
) -> dict[str, Any]:
    """The `modules` entry that makes a homeserver a member of the federation.

    Args:
        vzd_url: of the stand-in VZD.
        pki_directory: holds `roots.json` and `component-ca.der`.
        countries: by server name; None: the gate does not ask where a server is.
        profile: which rules it follows.
        rules: changes of single rules.
        provider: id of the TI-M provider at the VZD and the file with its secret, for `whereIs`; None: it is not asked.
    """
    where_is = None
    if provider is not None:
        where_is = {
            "directory": vzd_url,
            "auth": vzd_url,
            "client_id": provider[0],
            "client_secret_file": str(provider[1]),
        }
    return {
        "module": _TIM_MODULE,
        "config": {
            "profile": profile,
            "rules": dict(rules or {}),
            "federation_list": {
                "source": {"url": f"{vzd_url}/tim-provider-services/FederationList/federationList.jws"},
                "where_is": where_is,
                "roots_file": str(pki_directory / "roots.json"),
                "issuer_files": [str(pki_directory / "component-ca.der")],
                "ocsp": "require",
                # So that a change of the list is felt while one watches; the default is 1h.
                "refresh_interval": "2s",
            },
            "residency": None if countries is None else {"mode": "enforce", "countries": dict(countries)},
            "interfaces": {"operator": "TIM Sandbox", "support": {"support_page": "https://sandbox.tim.test/hilfe"}},
        },
    }


def _settings(spec: HomeserverSpec) -> dict[str, Any]:
    directory = spec.directory
    return {
        "server_name": spec.server_name,
        "public_baseurl": f"http://{_HOST}:{spec.client_port}/",
        "pid_file": str(directory / "homeserver.pid"),
        "listeners": [
            _listener(spec.client_port, ["client", "federation", "metrics"], tls=False),
            _listener(spec.federation_port, ["client", "federation"], tls=True),
        ],
        "tls_certificate_path": str(directory / "tls.crt"),
        "tls_private_key_path": str(directory / "tls.key"),
        "federation_custom_ca_list": [str(spec.tls_ca_file)],
        # Peers ask name:443 for it before they would ask DNS, which does not know these names.
        "serve_server_wellknown": True,
        "https_proxy": f"http://{_HOST}:{spec.proxy_port}",
        # Peers are on loopback. The key is spelled that way: `ip_range_blocklist` is ignored in silence.
        "ip_range_blacklist": [],
        "trusted_key_servers": [],
        # Members only: tim_synapse fills it with the servers of the federation list. Others federate with everybody.
        **({"federation_domain_whitelist": []} if spec.modules else {}),
        "suppress_key_server_warning": True,
        "signing_key_path": str(directory / "signing.key"),
        "macaroon_secret_key_path": str(directory / "macaroon_secret.txt"),
        "form_secret_path": str(directory / "form_secret.txt"),
        "registration_shared_secret": spec.registration_shared_secret,
        "database": {"name": "sqlite3", "args": {"database": str(directory / "homeserver.db")}},
        "media_store_path": str(directory / "media"),
        "log_config": str(directory / "log.yaml"),
        "modules": [dict(module) for module in spec.modules],
        "report_stats": False,
        "enable_metrics": True,
        "enable_registration": False,
        "presence": {"enabled": False},
        "url_preview_enabled": False,
        # Public rooms stand in the room directory; Synapse lists none by itself.
        "room_list_publication_rules": [{"action": "allow"}],
        "bcrypt_rounds": 4,
        **_settings_of_rules(spec),
        **_haste(),
    }


def _settings_of_rules(spec: HomeserverSpec) -> dict[str, Any]:
    """What the rules rely on; nothing without the module."""
    configs = [module["config"] for module in spec.modules if module["module"] == _TIM_MODULE]
    if not configs:
        return {}
    profile, _ = with_changes(shipped_profile(ProfileName(configs[0]["profile"])), configs[0].get("rules", {}), "rules")
    return nested(settings_for(profile))


def _haste() -> dict[str, Any]:
    """No rate limits, and quick second attempts: a peer that was down is asked again after a second."""
    return {
        "rc_message": _UNLIMITED,
        "rc_registration": _UNLIMITED,
        "rc_joins": {"local": _UNLIMITED, "remote": _UNLIMITED},
        "rc_joins_per_room": _UNLIMITED,
        "rc_invites": {"per_room": _UNLIMITED, "per_user": _UNLIMITED, "per_issuer": _UNLIMITED},
        "rc_login": {"address": _UNLIMITED, "account": _UNLIMITED, "failed_attempts": _UNLIMITED},
        "rc_key_requests": _UNLIMITED,
        "rc_admin_redaction": _UNLIMITED,
        "rc_room_creation": _UNLIMITED,
        "rc_federation": {"sleep_limit": 100_000, "reject_limit": 100_000},
        "federation": {
            "client_timeout": "10s",
            "max_short_retries": 1,
            "max_long_retries": 1,
            "destination_min_retry_interval": "1s",
            "destination_retry_multiplier": 1,
            "destination_max_retry_interval": "1s",
        },
    }


def _listener(port: int, names: list[str], *, tls: bool) -> dict[str, Any]:
    resources = [{"names": names, "compress": False}]
    return {"port": port, "bind_addresses": [_HOST], "type": "http", "tls": tls, "resources": resources}


def _log_config() -> dict[str, Any]:
    return {
        "version": 1,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        # The module's own lines are what one wants to see; Synapse itself speaks up when something is wrong.
        "loggers": {"tim_synapse": {"level": "INFO"}},
        "root": {"level": "WARNING", "handlers": ["console"]},
        "disable_existing_loggers": False,
    }


def _keep_or_make(path: Path) -> None:
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(32))
