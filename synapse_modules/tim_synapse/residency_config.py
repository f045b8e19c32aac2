"""The `residency:` block of the module's configuration, and the files it names."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator

from tim_policy.errors import ConfigError, InvalidName
from tim_policy.names import ServerName, parse_server_name
from tim_policy.residency import Country, ResidencyPolicy, load_residency_policy
from tim_policy.settings import Settings
from tim_policy.units import Duration
from tim_synapse.address_country import AddressDatabase
from tim_synapse.directory_countries import CountriesFile, DirectoryCountries

_SHIPPED_POLICY = "residency_eu.yaml"


class ResidencyMode(enum.StrEnum):
    """Whether a refusal for residency closes the gate."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


def _server_name(text: str) -> ServerName:
    try:
        name = parse_server_name(text)
    except InvalidName as error:
        raise ValueError(str(error)) from None
    if name != text:
        raise ValueError("write server names in lower case")
    return name


class ResidencyConfig(Settings):
    """Where other servers may be, and how that is found out.

    Args:
        mode: `enforce` refuses; `observe` lets everything pass and tells in metrics and answers what it would refuse.
        countries: country by server name, as the operator knows it from contracts; port as in the server name.
        policy_file: another policy than the one for EU and EEA that ships with the suite.
        adequacy_countries: third countries of the policy's list that are allowed nevertheless.
        directory_countries_file: YAML or JSON object from Telematik-ID to the country in the directory entry.
        mmdb_file: country database; without it addresses are neither looked at nor resolved.
        address_interval: time between two resolutions of a name.
    """

    mode: ResidencyMode = ResidencyMode.ENFORCE
    countries: Mapping[Annotated[str, AfterValidator(_server_name)], Country] = {}
    policy_file: Path | None = None
    adequacy_countries: frozenset[Country] = frozenset()
    directory_countries_file: Path | None = None
    mmdb_file: Path | None = None
    address_interval: Duration = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LoadedResidency:
    """The block with its files read; `directory` and `addresses` are None when not configured."""

    config: ResidencyConfig
    policy: ResidencyPolicy
    directory: DirectoryCountries | None
    addresses: AddressDatabase | None


def load_residency(config: ResidencyConfig) -> LoadedResidency:
    """Read the files of the block.

    Raises:
        ConfigError: a file is missing or unusable, or a chosen adequacy country is not on the policy's list.
    """
    where = str(config.policy_file or _SHIPPED_POLICY)
    try:
        policy = load_residency_policy(_policy_document(config.policy_file), config.adequacy_countries, where)
    except ConfigError as error:
        raise ConfigError("\n".join(f"tim_synapse: residency: {line}" for line in str(error).splitlines())) from None
    try:
        directory = CountriesFile(config.directory_countries_file) if config.directory_countries_file else None
        addresses = AddressDatabase(config.mmdb_file) if config.mmdb_file else None
    except ConfigError as error:
        raise ConfigError(f"tim_synapse: {error}") from None
    return LoadedResidency(config, policy, directory, addresses)


def _policy_document(path: Path | None) -> Any:
    try:
        if path is None:
            return yaml.safe_load(files("tim_policy").joinpath(_SHIPPED_POLICY).read_text(encoding="utf-8"))
        return yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"policy_file: cannot read {path} ({error.strerror})") from None
    except (yaml.YAMLError, ValueError):
        raise ConfigError(f"policy_file: {path} is not YAML") from None
