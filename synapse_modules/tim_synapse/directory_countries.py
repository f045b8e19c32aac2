"""The country in an organisation's directory entry (VZD: Organization.address.country, Location.address.country)."""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import yaml

from tim_policy.countries import read_country
from tim_policy.errors import ConfigError

logger = logging.getLogger(__name__)


class DirectoryCountries(Protocol):
    """What the directory says about organisations."""

    def country(self, telematik_id: str) -> str | None:
        """The country of an organisation; None when the directory says nothing, `UNREADABLE` for no code."""

    def reload(self) -> None:
        """Look again; blocks, for a thread other than the reactor's. Never raises."""


class CountriesFile:
    """An export of the directory: a YAML or JSON object from Telematik-ID to country.

    Args:
        path: the file; read again when it changes.

    Raises:
        ConfigError: it cannot be read or is not of that shape.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._countries = _read(path)
        self._outage: str | None = None

    def country(self, telematik_id: str) -> str | None:
        """See `DirectoryCountries`."""
        return self._countries.get(telematik_id)

    def reload(self) -> None:
        """See `DirectoryCountries`; a bad file is named once in the log, and the old content stays."""
        try:
            self._countries = _read(self._path)
        except ConfigError as error:
            if str(error) != self._outage:
                logger.error("component=residency error=%s; the last countries stay in use", error)
            self._outage = str(error)
        else:
            self._outage = None


def _read(path: Path) -> Mapping[str, str]:
    where = f"residency.directory_countries_file: {path}"
    try:
        document = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"residency.directory_countries_file: cannot read {path} ({error.strerror})") from None
    except (yaml.YAMLError, ValueError):
        raise ConfigError(f"{where} is neither YAML nor JSON") from None
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise ConfigError(f"{where}: expected an object from Telematik-ID (text in quotes) to country")
    return MappingProxyType({key: read_country(value) for key, value in document.items()})
