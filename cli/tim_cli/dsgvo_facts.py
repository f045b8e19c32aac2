"""What the data protection documents are made of: the operator's facts, and homeserver.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tim_policy.errors import ConfigError
from tim_policy.retention_policy import Periods, PolicyName, shipped_policy, with_periods
from tim_policy.settings import Settings, load_settings

MODULE = "tim_synapse.TimModule"


class Party(Settings):
    """Somebody who is responsible for something: name, postal address, and how to reach them."""

    name: str = ""
    address: str = ""
    contact: str = ""


class Facts(Settings):
    """The `dsgvo:` block; what is empty is marked in the documents as to be filled in.

    Args:
        controller: Verantwortlicher (Art. 4 Nr. 7).
        representative: who acts for the controller, e.g. the owner of the practice.
        data_protection_officer: Datenschutzbeauftragter (Art. 37).
        supervisory_authority: Aufsichtsbehörde (Art. 55).
        processors: Auftragsverarbeiter (Art. 28), e.g. who runs the computer.
        backups: where copies are, and how long they stay.
    """

    controller: Party = Party()
    representative: str = ""
    data_protection_officer: Party = Party()
    supervisory_authority: Party = Party()
    processors: tuple[Party, ...] = ()
    backups: str = ""


class _FactsFile(Settings):
    dsgvo: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Homeserver:
    """What homeserver.yaml says that data protection asks for.

    Args:
        server_name: of the homeserver.
        profile: of tim_synapse.
        policy: name of the retention policy; None: there is none, and nothing is deleted.
        periods: of the policy, with the operator's changes; None: there is no policy.
        is_deleting: the policy is enforced, not only observed.
        has_audit: deletions and decisions are logged.
        has_residency: other servers must be in certain countries.
        database: the engine's name.
    """

    server_name: str
    profile: str
    policy: PolicyName | None
    periods: Periods | None
    is_deleting: bool
    has_audit: bool
    has_residency: bool
    database: str


def read_facts(path: Path | None) -> Facts:
    """The operator's facts; without a file nothing is known.

    Raises:
        ConfigError: one line per fault.
    """
    if path is None:
        return Facts()
    return load_settings(_FactsFile, _read_yaml(path, "--facts"), f"--facts: {path}").dsgvo


def read_homeserver(path: Path) -> Homeserver:
    """What homeserver.yaml says.

    Raises:
        ConfigError: it is none, or has no tim_synapse, or its retention block is wrong.
    """
    data = _read_yaml(path, "--config")
    if not isinstance(data, dict) or not isinstance(data.get("server_name"), str):
        raise ConfigError(f"--config: {path} has no server_name; expected a homeserver.yaml")
    entries = data.get("modules")
    found = [
        entry.get("config") or {}
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("module") == MODULE
    ]
    if not found or not isinstance(found[0], dict):
        raise ConfigError(f"--config: {path} does not load {MODULE}")
    module = found[0]
    policy, periods, mode = _retention(module.get("retention"), f"--config: {path}: retention")
    database = data.get("database")
    return Homeserver(
        server_name=data["server_name"],
        profile=str(module.get("profile", "")),
        policy=policy,
        periods=periods,
        is_deleting=mode == "enforce",
        has_audit=module.get("audit") is not None,
        has_residency=module.get("residency") is not None,
        database="PostgreSQL" if isinstance(database, dict) and database.get("name") == "psycopg2" else "SQLite",
    )


def _retention(block: Any, where: str) -> tuple[PolicyName | None, Periods | None, str]:
    if block is None:
        return None, None, ""
    if not isinstance(block, Mapping) or block.get("mode") not in ("observe", "enforce"):
        raise ConfigError(f"{where}.mode: expected observe or enforce")
    try:
        name = PolicyName(block.get("policy", PolicyName.MINIMAL))
    except ValueError:
        raise ConfigError(f"{where}.policy: expected one of {', '.join(PolicyName)}") from None
    changes = block.get("periods") or {}
    if not isinstance(changes, Mapping):
        raise ConfigError(f"{where}.periods: expected data classes and periods")
    return name, with_periods(shipped_policy(name), changes, f"{where}.periods").periods, str(block["mode"])


def _read_yaml(path: Path, option: str) -> Any:
    try:
        return yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{option}: cannot read {path} ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise ConfigError(f"{option}: {path} is no YAML") from None
